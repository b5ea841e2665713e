// Points in time, which the server writes in UTC, in the reader's own time zone. Their title keeps the UTC.
// <time datetime="2026-05-03T09:30:00Z" data-precision="minute">3 May 2026, 09:30 UTC</time>
// <option data-datetime="2026-05-03T09:30:00Z" data-precision="day">Until 3 May 2026 UTC</option>
const DAY = { day: "numeric", month: "long", year: "numeric" };
const CLOCKS = {
  minute: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  second: { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
};

function inWords(at, precision, timeZone) {
  // The pages are in English; only the time zone is the reader's.
  const write = (format) => new Intl.DateTimeFormat("en-GB", { ...format, timeZone }).format(at);
  if (!CLOCKS[precision]) return timeZone === "UTC" ? `${write(DAY)} UTC` : write(DAY);
  // A line may break after a hyphen, and "GMT-" and "5" belong together: so it is a minus.
  const clock = write({ ...CLOCKS[precision], timeZoneName: "short" }).replace("-", "\u2212");
  return `${write(DAY)}, ${clock}`;
}

function makeLocal(element) {
  const { datetime, precision } = element.dataset;
  const at = new Date(datetime ?? element.dateTime);
  // So that what is made local is not made so again.
  delete element.dataset.precision;
  element.title = inWords(at, precision === "second" ? "second" : "minute", "UTC");
  element.textContent = element.textContent.replace(inWords(at, precision, "UTC"), inWords(at, precision));
}

function makeAllLocal(root) {
  root.querySelectorAll("[data-precision]").forEach(makeLocal);
}

makeAllLocal(document);
// A page may fetch parts of itself later.
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) {
    for (const node of addedNodes) if (node instanceof Element) makeAllLocal(node.parentNode ?? node);
  }
}).observe(document.body, { childList: true, subtree: true });
