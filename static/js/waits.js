// A request waits for its person's answer as long as its page is open, or as the server lets it:
// <p class="waits" role="status" hidden data-form="ID" data-url="…" data-seconds="600" data-left="3600" data-soon="words"></p>
// When it is too late the form is sent along, so that the server keeps what is ticked.
const LOOK_EVERY = 5000;
const WARN_BEFORE = 120_000;
const told = document.querySelector(".waits");
const { form, url, seconds, left, soon } = told.dataset;
const askEvery = (Number(seconds) * 1000) / 3;
const warnAt = Date.now() + Number(left) * 1000 - WARN_BEFORE;
let askedAt = Date.now();
let isOver = false;

// Not by one long timer: a device that slept, or a tab that was frozen, has to ask as soon as it is back.
setInterval(look, LOOK_EVERY);
document.addEventListener("visibilitychange", look);

function look() {
  if (isOver) return;
  if (Date.now() >= warnAt) say(soon);
  if (Date.now() - askedAt >= askEvery) ask();
}

async function ask() {
  askedAt = Date.now();
  try {
    const fields = new FormData(document.getElementById(form));
    const alone = { csrf_token: fields.get("csrf_token") };
    // Anything else, such as a session that has ended, is told when the form is sent, and takes nothing away.
    if ((await send(alone)).status !== 410) return;
    const answer = await send(fields);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    isOver = true;
    told.classList.add("error");
    say([...page.querySelectorAll("main h1, main h1 + p")].map((one) => one.textContent.trim()).join(". "));
  } catch {
    // The network is gone: the next look asks again.
  }
}

function send(fields) {
  return fetch(url, { method: "POST", body: new URLSearchParams(fields) });
}

function say(words) {
  if (told.textContent === words) return;
  told.hidden = false;
  told.textContent = words;
}
