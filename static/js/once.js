// A form that is on its way is not sent again by a second click: the browser would show the answer to that alone, which
// says that all is done, and never the code or the secret that the first one brings. Nor is it sent while the browser is
// offline, as the page that says so takes the place of this one, with all that was typed: <script data-unsent="words">.
const LONGEST_WAIT = 5000;
let sent = new WeakMap();
const notice = document.createElement("p");
notice.className = "notice error";
notice.setAttribute("role", "alert");
const words = document.currentScript.dataset.unsent;
// Who reached us while they were offline has a browser that is mistaken, or the server on their own machine.
const believesIt = navigator.onLine;

// At the window, where an event comes last: what a script of the page has taken for itself is not on its way.
window.addEventListener("submit", (event) => {
  const { target: form, timeStamp } = event;
  if (event.defaultPrevented || form.getAttribute("method") !== "post") return;
  if (words && believesIt && !navigator.onLine && !notice.isConnected) {
    event.preventDefault();
    form.append(notice);
    notice.textContent = words;
    notice.scrollIntoView({ block: "nearest" });
  } else if (timeStamp - (sent.get(form) ?? -Infinity) < LONGEST_WAIT) event.preventDefault();
  else sent.set(form, timeStamp);
});

window.addEventListener("online", () => notice.remove());

// A page to which somebody goes back is as it was left, and its form may be sent anew.
window.addEventListener("pageshow", () => (sent = new WeakMap()));
