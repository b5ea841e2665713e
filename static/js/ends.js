// Says on the way to an app that it soon waits no more, and that it does not any more:
// <p class="notice ends" role="alert" hidden data-left="600" data-soon="words" data-over="words"></p>
const LOOK_EVERY = 5000;
const WARN_BEFORE = 120_000;
const told = document.querySelector(".ends");
const { left, soon, over } = told.dataset;
const endsAt = Date.now() + Number(left) * 1000;

// Not by one long timer: a device that slept, or a tab that was frozen, has to say it as soon as it is back.
setInterval(look, LOOK_EVERY);
document.addEventListener("visibilitychange", look);

function look() {
  const isOver = Date.now() >= endsAt;
  const words = isOver ? over : soon;
  if (Date.now() < endsAt - WARN_BEFORE || told.textContent === words) return;
  told.classList.toggle("error", isOver);
  told.hidden = false;
  told.textContent = words;
}
