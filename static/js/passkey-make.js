// Making a passkey: by the form's button, once the browser can.
import { answerClick, form, make, obstacle, say } from "./passkeys.js";

form.hidden = false;
if (obstacle()) {
  for (const one of form.querySelectorAll(".field, button")) one.hidden = true;
  say(obstacle());
}
form.addEventListener("submit", (event) => {
  event.preventDefault();
  answerClick(make);
});
