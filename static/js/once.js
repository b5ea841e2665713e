// A form that is on its way is not sent again by a second click: the browser would show the answer to that alone, which
// says that all is done, and never the code or the secret that the first one brings.
const LONGEST_WAIT = 5000;
let sent = new WeakMap();

// At the window, where an event comes last: what a script of the page has taken for itself is not on its way.
window.addEventListener("submit", (event) => {
  const { target: form, timeStamp } = event;
  if (event.defaultPrevented || form.getAttribute("method") !== "post") return;
  if (timeStamp - (sent.get(form) ?? -Infinity) < LONGEST_WAIT) event.preventDefault();
  else sent.set(form, timeStamp);
});

// A page to which somebody goes back is as it was left, and its form may be sent anew.
window.addEventListener("pageshow", () => (sent = new WeakMap()));
