// Offers the time zone of this browser, where it is not the one that is chosen.
// <form id="own-time-zone" data-chosen="Europe/Lisbon" hidden>… <button>… <span></span></button></form>
const offer = document.getElementById("own-time-zone");
const own = new Intl.DateTimeFormat().resolvedOptions().timeZone;

// Browsers call some zones by an older name, as Asia/Calcutta. Those whose clocks agreed in each month since 1970 are one.
function clocks(timeZone) {
  const format = new Intl.DateTimeFormat("en", { timeZone, dateStyle: "short", timeStyle: "short", hourCycle: "h23" });
  const months = (new Date().getFullYear() - 1970 + 1) * 12;
  return Array.from({ length: months }, (_, month) => format.format(Date.UTC(1970, month))).join();
}

function isOne(one, other) {
  try {
    return one === other || clocks(one) === clocks(other);
  } catch {
    // A name that this browser does not know.
    return false;
  }
}

if (own && !(offer.dataset.chosen && isOne(own, offer.dataset.chosen))) {
  offer.elements.time_zone.value = own;
  offer.querySelector("span").textContent = own.replaceAll("_", " ");
  offer.hidden = false;
}
