// <form data-hands-over="ID" data-client-id="…"> leaves the secret that #ID shows to the playground in this tab.
import { keep } from "./playground-store.js";

for (const form of document.querySelectorAll("[data-hands-over]")) {
  form.addEventListener("submit", () => {
    keep(form.dataset.clientId, { secret: document.getElementById(form.dataset.handsOver).textContent });
  });
}
