// Conveniences of the memento editor, which works without them: a live count, and levels opened without a new page.

const editor = document.querySelector(".editor");
let counting = new AbortController();
let waiting = 0;

showScripted();
editor.addEventListener("change", (event) => {
  if (event.target.name === "pick") {
    clearTimeout(waiting);
    waiting = setTimeout(count, 200);
  }
});

editor.addEventListener("submit", async (event) => {
  const action = event.submitter?.value ?? "enter";
  // Offline, what is typed must not be lost: once.js knows what to say.
  if (action === "save" || !navigator.onLine) return;
  event.preventDefault();
  const sent = new FormData(editor, event.submitter);
  try {
    // Not editor.action: its buttons have that name.
    const answer = await fetch(editor.getAttribute("action"), { method: "POST", body: new URLSearchParams(sent) });
    // Whatever is wrong is told above the form, which is another one then.
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    editor.replaceChildren(...page.querySelector(".editor").childNodes);
    showScripted();
    if (action !== "count") editor.querySelector("#level").focus();
  } catch {
    // Let the browser do it: by then the form may have been signed out, and the answer says so.
    const button = document.createElement("input");
    Object.assign(button, { type: "hidden", name: "action", value: action });
    editor.append(button);
    editor.submit();
  }
});

// Also when the browser comes back to this page and restores what was ticked.
window.addEventListener("pageshow", (event) => event.persisted && count());

async function count() {
  counting.abort();
  counting = new AbortController();
  try {
    const sent = new URLSearchParams(new FormData(editor));
    const answer = await fetch(editor.dataset.countUrl, { method: "POST", body: sent, signal: counting.signal });
    if (answer.ok && !answer.redirected) editor.querySelector(".tally").innerHTML = await answer.text();
  } catch {
    // Another tick came meanwhile, or the network is gone: the button still counts.
  }
}

function showScripted() {
  editor.querySelector("[name=action][value=count]").hidden = true;
}
