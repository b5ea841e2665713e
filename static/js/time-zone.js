// Offers the time zone of this browser, where it is not the one that is chosen.
// <form id="own-time-zone" data-chosen="Europe/Lisbon" hidden>… <button>… <span></span></button></form>
const offer = document.getElementById("own-time-zone");
const own = new Intl.DateTimeFormat().resolvedOptions().timeZone;

if (own && own !== offer.dataset.chosen) {
  offer.elements.time_zone.value = own;
  offer.querySelector("span").textContent = own.replaceAll("_", " ");
  offer.hidden = false;
}
