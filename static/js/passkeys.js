// What the pages with passkeys share: <form data-passkey="{options}" data-origin="https://…"> and its hidden field "credential".
// Options and answers are those of the standard's JSON (PublicKeyCredentialRequestOptionsJSON and the like).

/** A challenge is good for ten minutes, of which the browser may wait five. */
const RENEW_AFTER = 4 * 60 * 1000;

export const form = document.querySelector("form[data-passkey]");
const problem = form?.querySelector("[data-problem]");
const words = document.getElementById("passkey-words")?.content;
let loaded = Date.now();
let isAsking = false;

// <p id="without-script">…</p>: what a page says to whoever's browser runs none.
document.getElementById("without-script")?.setAttribute("hidden", "");

/** Whether the browser can, at this address: else the word that says why not. */
export function obstacle() {
  if (location.origin !== form.dataset.origin) return "SecurityError";
  return globalThis.PublicKeyCredential && navigator.credentials ? null : "unsupported";
}

/** Where passkeys are, as a link. What waits for a second step does not come along there: the sign-in begins anew. */
function elsewhere() {
  const link = document.createElement("a");
  link.href = link.textContent = form.dataset.origin + (form.dataset.elsewhere ?? location.pathname);
  return link;
}

export function say(name) {
  const said = words.querySelector(`[data-name="${name}"]`) ?? words.querySelector("[data-name=other]");
  const [before, after] = (name ? said.textContent : "").split("{origin}");
  problem.replaceChildren(before);
  if (after !== undefined) problem.append(elsewhere(), after);
  problem.hidden = !name;
}

/** Act for a click, and say why it failed. A second click means the first one, whose question the browser still shows. */
export async function answerClick(act) {
  if (isAsking) return;
  isAsking = true;
  say(null);
  await act().catch((error) => say(error.name));
  isAsking = false;
}

/** The options, asked for anew when the page is no longer young. */
export async function options() {
  if (Date.now() - loaded > RENEW_AFTER) {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
    const page = answer?.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
    const anew = page?.querySelector("form[data-passkey]");
    if (!anew) throw new DOMException("", "offline");
    form.dataset.passkey = anew.dataset.passkey;
    form.elements.csrf_token.value = anew.elements.csrf_token.value;
    loaded = Date.now();
  }
  return JSON.parse(form.dataset.passkey);
}

export const renewAfter = () => Math.max(0, loaded + RENEW_AFTER + 1000 - Date.now());

export async function make() {
  const asked = await options();
  const publicKey = {
    ...asked,
    challenge: decode(asked.challenge),
    user: { ...asked.user, id: decode(asked.user.id) },
    excludeCredentials: asked.excludeCredentials.map(withBytes),
  };
  const made = await navigator.credentials.create({ publicKey });
  send(made, {
    attestationObject: encode(made.response.attestationObject),
    transports: made.response.getTransports?.() ?? [],
  });
}

export async function show(more = {}) {
  const asked = await options();
  const publicKey = {
    ...asked,
    challenge: decode(asked.challenge),
    allowCredentials: asked.allowCredentials.map(withBytes),
  };
  const shown = await navigator.credentials.get({ publicKey, ...more });
  const { authenticatorData, signature, userHandle } = shown.response;
  send(shown, {
    authenticatorData: encode(authenticatorData),
    signature: encode(signature),
    userHandle: userHandle ? encode(userHandle) : null,
  });
}

function send(credential, response) {
  form.elements.credential.value = JSON.stringify({
    id: credential.id,
    rawId: encode(credential.rawId),
    type: credential.type,
    response: { clientDataJSON: encode(credential.response.clientDataJSON), ...response },
    clientExtensionResults: credential.getClientExtensionResults(),
  });
  form.submit();
}

const withBytes = (one) => ({ ...one, id: decode(one.id) });

function decode(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function encode(buffer) {
  const plain = btoa(String.fromCharCode(...new Uint8Array(buffer)));
  return plain.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
