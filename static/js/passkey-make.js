// Making a passkey: by the form's button, once the browser can.
import { form, make, obstacle, say } from "./passkeys.js";

form.hidden = false;
if (obstacle()) {
  for (const one of form.querySelectorAll(".field, button")) one.hidden = true;
  say(obstacle());
}
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  say(null);
  await make().catch((error) => say(error.name));
});
