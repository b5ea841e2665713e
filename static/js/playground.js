// The five steps as the app would walk them. The page's elements are in templates/org/playground.html.
import { apiCode, authorizeCode, callbackCode, refreshCode, tokenCode } from "./playground-code.js";
import { random, s256 } from "./playground-pkce.js";
import { apiRequest, authorizeUrl, refreshRequest, revokeRequest, send, show, tokenRequest } from "./playground-requests.js";
import { forget, keep, read } from "./playground-store.js";

const page = document.getElementById("playground");
const { clientId, issuer, redirectUri, type, until } = page.dataset;
const app = { clientId, issuer, redirectUri, isConfidential: type === "confidential" };
const at = (id) => document.getElementById(id);
const scopeBoxes = [...document.querySelectorAll("[data-scope]")];
let trial = read(clientId);

const ADVICE = {
  access_denied: "You pressed Cancel, and the app is told so. An app says that it works without, or how to begin again.",
  invalid_scope: "The app asks for a scope it is not registered for. Compare with its settings.",
  invalid_request: "The request is malformed; the description says which parameter.",
  invalid_client: "The app could not prove itself. Is the secret the whole one that was shown once, and not retired? Then send it again.",
  invalid_grant: "It was used before, is over, or does not belong to this redirect URI and verifier. What is used twice ends all that came of it: begin again at step 1.",
  unauthorized_client: "This kind of app may not use this grant.",
  invalid_token: "The access token has ended. Refresh it, or begin again at step 1.",
  insufficient_scope: "The token was not allowed this. Ask for the scope in step 1.",
};

if (!until) {
  // Nothing is open. Only a secret that was handed over for the trial to come is kept.
  if (trial.until) forget(clientId);
} else if (location.origin !== issuer) {
  problem(`This page must be at ${issuer} to receive the answer. Open the dashboard there.`);
} else if (!globalThis.crypto?.subtle) {
  problem("Your browser makes no PKCE pair here, as the connection is not secure. Open this page by https, or on 127.0.0.1.");
} else {
  await begin();
}

async function begin() {
  if (trial.until !== until) trial = { until, secret: trial.secret, issued: trial.issued ?? [], method: "client_secret_basic", prompt: true };
  if (!trial.state) await renew();
  if (trial.answer && trial.answer.values.state !== trial.state) {
    problem("An answer came whose state is not the one that was sent from here, so it was thrown away. Begin again at step 1.");
    await renew();
  }
  fillIn();
  listen();
  render();
  at(location.hash === "#step-3" && trial.answer ? "step-3-title" : "step-1-title").focus();
}

// Every request has a state and a pair of its own.
async function renew() {
  const verifier = random(32);
  const scopes = trial.scopes ?? scopeBoxes.map((box) => box.value);
  Object.assign(trial, { scopes, state: random(16), verifier, challenge: await s256(verifier) });
  for (const name of ["answer", "tokens", "shown"]) delete trial[name];
}

function fillIn() {
  for (const box of scopeBoxes) box.checked = trial.scopes.includes(box.value);
  at("prompt").checked = trial.prompt;
  if (!app.isConfidential) return;
  at("secret").value = trial.secret ?? "";
  for (const radio of methods()) radio.checked = radio.value === trial.method;
}

function methods() {
  return document.querySelectorAll("[name=method]");
}

function listen() {
  for (const box of [...scopeBoxes, at("prompt")]) box.addEventListener("change", () => change(readRequest));
  for (const radio of methods()) radio.addEventListener("change", () => change(() => (trial.method = radio.value)));
  at("secret")?.addEventListener("input", () => change(() => (trial.secret = at("secret").value.trim())));
  at("again").addEventListener("click", () => change(renew));
  at("exchange").addEventListener("click", () => ask(at("exchange"), "token", tokenRequest, took));
  at("call").addEventListener("click", () => ask(at("call"), "api", apiRequest));
  at("refresh").addEventListener("click", () => ask(at("refresh"), "refresh", refreshRequest, renewed));
  at("finish").addEventListener("submit", finish);
}

async function change(how) {
  await how();
  render();
}

function readRequest() {
  trial.scopes = scopeBoxes.filter((box) => box.checked).map((box) => box.value);
  trial.prompt = at("prompt").checked;
}

// Send the request of a step and show what came back; a good answer is taken in.
async function ask(button, name, make, take = () => {}) {
  button.disabled = true;
  const answer = await send(make(app, trial), trial.secret ?? "");
  const ok = answer.status >= 200 && answer.status < 300;
  trial.shown = { ...trial.shown, [name]: { text: answer.text, advice: ok ? "" : adviceOn(answer) } };
  if (ok) take(answer.body);
  button.disabled = false;
  render();
  at(ok && name === "token" ? "step-5-title" : button.id).focus();
}

function took(tokens) {
  trial.tokens = tokens;
  trial.issued.push(tokens.refresh_token ?? tokens.access_token);
}

function renewed(tokens) {
  trial.tokens = tokens;
  trial.issued[trial.issued.length - 1] = tokens.refresh_token;
}

function adviceOn(answer) {
  if (answer.status === 0) return "No answer came. Look whether the network and the server are there, then send it again.";
  return ADVICE[answer.body.error ?? answer.body.code] ?? "Read the answer above, then send it again or begin again at step 1.";
}

// -- what is shown -------------------------------------------------------------------------------

function render() {
  keep(clientId, trial);
  const values = trial.answer?.values ?? {};
  const isRight = Boolean(values.code) && values.iss === issuer;
  const reached = trial.tokens ? 5 : isRight ? 4 : trial.answer ? 3 : 1;
  for (const step of [1, 2, 3, 4, 5]) at(`step-${step}`).hidden = step > reached;
  at("step-refresh").hidden = !trial.tokens?.refresh_token;
  [...at("progress").children].forEach((item, index) => {
    item.toggleAttribute("data-done", index + 1 < reached);
    if (index + 1 === reached) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  });
  showAsking();
  showReturn(values);
  fill("token-request", show(app, tokenRequest(app, trial)));
  fill("api-request", show(app, apiRequest(app, trial)));
  fill("refresh-request", show(app, refreshRequest(app, trial)));
  for (const [name, make] of Object.entries({ authorize: authorizeCode, callback: callbackCode, token: tokenCode, api: apiCode, refresh: refreshCode })) {
    for (const [language, text] of Object.entries(make(app, trial))) fill(`${name}-${language}`, text);
  }
  for (const name of ["token", "api", "refresh"]) showAnswer(name, trial.shown?.[name]);
  at("exchange").textContent = trial.tokens ? "Send it once more, to see it refused" : trial.shown?.token ? "Send it again" : "Exchange the code";
  at("exchange").classList.toggle("secondary", Boolean(trial.tokens));
  at("revoke-choice").hidden = trial.issued.length === 0;
}

function showAsking() {
  fill("state", trial.state);
  fill("code-verifier", trial.verifier);
  fill("code-challenge", trial.challenge);
  fill("authorize-request", authorizeUrl(app, trial));
  // What was answered is over: a second request has a state and a pair of its own.
  at("authorize").hidden = Boolean(trial.answer);
  at("authorize").href = authorizeUrl(app, trial);
  at("again").textContent = trial.answer ? "Begin again with a new pair and state" : "Make a new pair and state";
  for (const box of [...scopeBoxes, at("prompt")]) box.disabled = Boolean(trial.answer);
}

function showReturn(values) {
  if (!trial.answer) return;
  fill("callback-request", trial.answer.url);
  const checks = [
    [true, "state is the one that was sent: this answers your question"],
    [values.iss === issuer, values.iss === issuer ? "iss is our issuer: the answer comes from us (RFC 9207)" : "iss is not our issuer: do not send the code anywhere"],
    [Boolean(values.code), values.code ? "there is a code" : `there is an error instead of a code: ${values.error ?? "none is named"}`],
  ];
  at("callback-checks").replaceChildren(...checks.map(([isGood, sentence]) => {
    const item = document.createElement("li");
    item.textContent = `${isGood ? "Right" : "Wrong"}: ${sentence}.`;
    return item;
  }));
  advise("callback-advice", values.code ? "" : `${values.error_description ?? ""} ${ADVICE[values.error] ?? ""} Begin again at step 1.`.trim());
}

function showAnswer(name, shown) {
  at(`${name}-answered`).hidden = !shown;
  if (!shown) return;
  fill(`${name}-answer`, shown.text);
  advise(`${name}-advice`, shown.advice);
}

function fill(id, text) {
  at(id).textContent = text;
}

function advise(id, sentence) {
  fill(id, sentence);
  at(id).hidden = !sentence;
}

function problem(sentence) {
  advise("playground-problem", sentence);
}

// -- the end -------------------------------------------------------------------------------------

// The tokens first, which takes the secret; then the tab forgets it, and the server the callback.
async function finish(event) {
  event.preventDefault();
  const form = at("finish");
  if (at("revoke").checked) {
    while (trial.issued.length > 0) {
      const { status } = await send(revokeRequest(app, trial, trial.issued.at(-1)), trial.secret ?? "");
      if (status !== 200) {
        advise("finish-problem", "The tokens could not be revoked: correct the client secret in step 4, or untick that and disconnect the app under Connected apps.");
        return;
      }
      trial.issued.pop();
      keep(clientId, trial);
    }
  }
  forget(clientId);
  form.submit();
}
