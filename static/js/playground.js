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

// What the page says, word for word; {what} is filled in.
const words = Object.fromEntries([...at("words").content.children].map((item) => [item.dataset.name, item.textContent]));

if (!until) {
  // Nothing is open. Only a secret that was handed over for the trial to come is kept.
  if (trial.until) forget(clientId);
} else if (location.origin !== issuer) {
  problem(say("elsewhere", { issuer }));
} else if (!globalThis.crypto?.subtle) {
  problem(say("insecure"));
} else {
  await begin();
}

async function begin() {
  if (trial.until !== until) trial = { until, secret: trial.secret, issued: trial.issued ?? [], method: "client_secret_basic", prompt: true };
  if (!trial.state) await renew();
  if (trial.answer && trial.answer.values.state !== trial.state) {
    problem(say("other-state"));
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
  const answer = await send(make(app, trial), trial.secret ?? "", say("no-answer"));
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
  if (answer.status === 0) return say("look");
  return words[`error-${answer.body.error ?? answer.body.code}`] ?? say("error");
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
  at("exchange").textContent = say(trial.tokens ? "send-twice" : trial.shown?.token ? "send-again" : "exchange");
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
  at("again").textContent = say(trial.answer ? "begin-again" : "renew");
  for (const box of [...scopeBoxes, at("prompt")]) box.disabled = Boolean(trial.answer);
}

function showReturn(values) {
  if (!trial.answer) return;
  fill("callback-request", trial.answer.url);
  const checks = [
    [true, say("state-sent")],
    [values.iss === issuer, say(values.iss === issuer ? "iss-ours" : "iss-other")],
    [Boolean(values.code), values.code ? say("code") : say("no-code", { error: values.error ?? say("none-named") })],
  ];
  at("callback-checks").replaceChildren(...checks.map(([isGood, sentence]) => {
    const item = document.createElement("li");
    item.textContent = say(isGood ? "right" : "wrong", { what: sentence });
    return item;
  }));
  advise("callback-advice", values.code ? "" : `${values.error_description ?? ""} ${words[`error-${values.error}`] ?? ""} ${say("at-step-1")}`.trim());
}

function showAnswer(name, shown) {
  at(`${name}-answered`).hidden = !shown;
  if (!shown) return;
  fill(`${name}-answer`, shown.text);
  advise(`${name}-advice`, shown.advice);
}

function say(name, values = {}) {
  return Object.entries(values).reduce((sentence, [place, value]) => sentence.replace(`{${place}}`, () => value), words[name]);
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
        advise("finish-problem", say("not-revoked"));
        return;
      }
      trial.issued.pop();
      keep(clientId, trial);
    }
  }
  forget(clientId);
  form.submit();
}
