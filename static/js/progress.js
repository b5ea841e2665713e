// A page of work that goes on loads itself again: quietly, so that nothing jumps and a reader is told of what is new alone.
const SECONDS = 1;

async function lookAgain() {
  const text = await fetch(location.href, { headers: { Accept: "text/html" } })
    .then((answer) => (answer.ok ? answer.text() : null))
    .catch(() => null);
  const page = text === null ? null : new DOMParser().parseFromString(text, "text/html");
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
