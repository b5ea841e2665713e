import { randomBytes } from "node:crypto";
import express from "express";
import session from "express-session";
import * as oauth from "openid-client";

const ISSUER = {{ quoted(issuer) }};
const REDIRECT_URI = {{ quoted(app.redirect_uri) }};

// Without the algorithm it asks for /.well-known/openid-configuration, which is not there.
const config = await oauth.discovery(
  new URL(ISSUER), {{ quoted(app.client_id) }}, process.env.CLIENT_SECRET, undefined,
  { algorithm: "oauth2"{% if not is_https %}, execute: [oauth.allowInsecureRequests] /* for plain http; never in production */{% endif %} },
);

const app = express();
app.use(session({
  secret: process.env.SECRET_KEY ?? randomBytes(32).toString("hex"),
  cookie: { httpOnly: true, sameSite: "lax"{% if is_https %}, secure: true{% endif %} }, resave: false, saveUninitialized: false,
}));

app.get("/connect", async (request, response) => {
  const state = oauth.randomState(), verifier = oauth.randomPKCECodeVerifier();
  request.session.pending = { state, verifier };
  const address = oauth.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT_URI,
    scope: {{ quoted(app.scope) }},
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  response.redirect(address.href);
});

app.get({{ quoted(app.callback_path) }}, async (request, response) => {
  const { state, verifier } = request.session.pending ?? {};
  delete request.session.pending;
  // It sends as redirect_uri the address that it is given: take the registered one, whatever a proxy made of Host.
  const returned = new URL(REDIRECT_URI);
  returned.search = new URL(request.url, ISSUER).search;
  try {
    // It compares state and iss by itself.
    keep(request, await oauth.authorizationCodeGrant(config, returned, {
      expectedState: state ?? randomBytes(16).toString("hex"), pkceCodeVerifier: verifier,
    }));
  } catch (error) {
    return response.status(400).json({ error: error.error ?? error.code });
  }
  response.redirect("/me");
});

function keep(request, tokens) {
  request.session.tokens = { ...tokens, expires_at: Date.now() + tokens.expires_in * 1000 };
}

app.get("/me", async (request, response) => {
  try {
    if (request.session.tokens.expires_at < Date.now() + 10_000) {
      // A new refresh token comes, and the old one is spent.
      keep(request, await oauth.refreshTokenGrant(config, request.session.tokens.refresh_token));
    }
    const me = await oauth.fetchProtectedResource(
      config, request.session.tokens.access_token, new URL(`${ISSUER}/api/me/`), "GET");
    response.json(await me.json());
  } catch (error) {
    // invalid_grant: send the person to /connect. All others: try again later.
    response.status(502).json({ error: error.error ?? error.code });
  }
});

app.post("/disconnect", async (request, response) => {
  await oauth.tokenRevocation(config, request.session.tokens.refresh_token);
  delete request.session.tokens;
  response.json({ disconnected: true });
});

app.listen(process.env.PORT ?? 3000, "127.0.0.1", () => console.log("listening"));
