// Signing in with a passkey: by the button, and where the form says data-offers, in the first field by itself.
import { answerClick, form, obstacle, renewAfter, say, show } from "./passkeys.js";

let offer = null;

if (!obstacle()) {
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    // A browser asks for one passkey at a time.
    offer?.abort("asked");
    answerClick(show);
  });
  if (form.dataset.offers !== undefined && (await PublicKeyCredential.isConditionalMediationAvailable?.())) keepOffering();
} else if (form.dataset.needs !== undefined) {
  // Nothing else on the page says why there is no button.
  form.hidden = false;
  form.querySelector("button").hidden = true;
  say(obstacle());
}

/** Until somebody picks one, with a challenge that is never old. */
async function keepOffering() {
  for (;;) {
    offer = new AbortController();
    const timer = setTimeout(() => offer.abort("renew"), renewAfter());
    const reason = await show({ mediation: "conditional", signal: offer.signal }).catch((error) => error);
    clearTimeout(timer);
    if (offer.signal.reason !== "renew") return reason;
  }
}
