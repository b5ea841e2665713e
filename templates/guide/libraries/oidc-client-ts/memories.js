import { UserManager } from "oidc-client-ts";

const ISSUER = {{ quoted(issuer) }};

const manager = new UserManager({
  authority: ISSUER,
  // Otherwise it asks for /.well-known/openid-configuration, which is not there.
  metadataUrl: `${ISSUER}/.well-known/oauth-authorization-server`,
  client_id: {{ quoted(app.client_id) }},
  redirect_uri: {{ quoted(app.redirect_uri) }},
  // Without openid: there is no ID token, and user.profile stays empty.
  scope: {{ quoted(app.scope) }},
  // One refresh at a time, and when it is needed: see freshUser below.
  automaticSilentRenew: false,
  // The refresh token takes the access token with it.
  revokeTokenTypes: ["refresh_token"],
});

// When the person presses your button.
export const connect = () => manager.signinRedirect();

// On the page at your redirect URI.
export async function finish() {
  // The library compares state and leaves this to you (RFC 9207).
  if (new URLSearchParams(location.search).get("iss") !== ISSUER) throw new Error("This is no answer to our request.");
  const user = await manager.signinCallback();
  history.replaceState(null, "", location.pathname);
  return user;
}

// Two tabs that renew at once would end the sign-in: they take turns.
const freshUser = () => navigator.locks.request("memories", async () => {
  const user = await manager.getUser();
  return user.expires_in > 10 ? user : manager.signinSilent();
});

export async function me() {
  const { access_token } = await freshUser();
  const answer = await fetch(`${ISSUER}/api/me/`, { headers: { Authorization: `Bearer ${access_token}` } });
  return answer.json();
}

export async function disconnect() {
  await manager.revokeTokens();
  await manager.removeUser();
}
