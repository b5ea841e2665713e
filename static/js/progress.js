// A page of work that goes on loads itself again: quietly, so that nothing jumps and a reader is told of what is new alone.
const SECONDS = 1;

async function lookAgain() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  const page = answer?.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
  const now = page?.querySelector("#progress");
  if (page && !now) {
    location.reload();
    return;
  }
  if (now) {
    document.querySelector("#progress").value = now.value;
    document.querySelector("main [role=status]").textContent = page.querySelector("main [role=status]").textContent;
  }
  setTimeout(lookAgain, SECONDS * 1000);
}

setTimeout(lookAgain, SECONDS * 1000);
