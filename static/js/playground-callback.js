// Takes the answer out of the address, and leaves that address behind.
import { keep, read } from "./playground-store.js";

const { clientId, playground } = document.getElementById("playground").dataset;
const trial = read(clientId);
if (trial.state && location.search) {
  keep(clientId, { ...trial, answer: { url: location.href, values: Object.fromEntries(new URLSearchParams(location.search)) } });
  location.replace(`${playground}#step-3`);
}
