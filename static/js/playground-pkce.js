// The random values of an authorization request, and the challenge of RFC 7636.
export function random(bytes) {
  return base64url(crypto.getRandomValues(new Uint8Array(bytes)));
}

export async function s256(verifier) {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
