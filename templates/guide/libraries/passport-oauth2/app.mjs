import { randomBytes } from "node:crypto";
import express from "express";
import session from "express-session";
import passport from "passport";
import OAuth2Strategy from "passport-oauth2";

const ISSUER = {{ quoted(issuer) }};
const CLIENT_ID = {{ quoted(app.client_id) }};
const CLIENT_SECRET = process.env.CLIENT_SECRET;

const memories = new OAuth2Strategy(
  {
    authorizationURL: `${ISSUER}/oauth/authorize`,
    tokenURL: `${ISSUER}/oauth/token`,
    clientID: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    callbackURL: {{ quoted(app.redirect_uri) }},
    scope: {{ quoted(app.scope) }}.split(" "),
    // Both are off unless you say so, and pkce needs state.
    state: true,
    pkce: true,
  },
  // With five parameters the third is the token's answer, but for the refresh token; with four it is the profile.
  (accessToken, refreshToken, tokens, profile, done) =>
    done(null, { tokens: dated({ ...tokens, refresh_token: refreshToken }), profile }),
);
memories.userProfile = (accessToken, done) => callApi(accessToken).then((me) => done(null, me), done);
passport.use("memories", memories);

const dated = (tokens) => ({ ...tokens, expires_at: Date.now() + tokens.expires_in * 1000 });

async function callApi(accessToken) {
  const answer = await fetch(`${ISSUER}/api/me/`, { headers: { Authorization: `Bearer ${accessToken}` } });
  return answer.json();
}

async function post(path, form) {
  const answer = await fetch(ISSUER + path, {
    method: "POST",
    body: new URLSearchParams({ client_id: CLIENT_ID, client_secret: CLIENT_SECRET, ...form }),
  });
  if (!answer.ok) throw new Error((await answer.json()).error);
  return answer.headers.get("Content-Type")?.includes("json") ? answer.json() : null;
}

const app = express();
app.use(session({
  secret: process.env.SECRET_KEY ?? randomBytes(32).toString("hex"),
  cookie: { httpOnly: true, sameSite: "lax"{% if is_https %}, secure: true{% endif %} }, resave: false, saveUninitialized: false,
}));

// session: false, since what is kept is the tokens. With Passport's own sessions, serialize the user as usual.
app.get("/connect", passport.authenticate("memories", { session: false }));

app.get(
  {{ quoted(app.callback_path) }},
  // The library compares state and leaves this to you (RFC 9207).
  (request, response, next) =>
    request.query.iss === ISSUER ? next() : response.status(400).json({ error: "wrong_issuer" }),
  passport.authenticate("memories", { session: false }),
  (request, response) => {
    request.session.tokens = request.user.tokens;
    response.redirect("/me");
  },
);

app.get("/me", async (request, response) => {
  try {
    const { expires_at, refresh_token } = request.session.tokens;
    if (expires_at < Date.now() + 10_000) {
      // The library renews nothing. A new refresh token comes, and the old one is spent.
      request.session.tokens = dated(await post("/oauth/token", { grant_type: "refresh_token", refresh_token }));
    }
    response.json(await callApi(request.session.tokens.access_token));
  } catch (error) {
    // invalid_grant: send the person to /connect. All others: try again later.
    response.status(502).json({ error: error.message });
  }
});

app.post("/disconnect", async (request, response) => {
  await post("/oauth/revoke", { token: request.session.tokens.refresh_token });
  delete request.session.tokens;
  response.json({ disconnected: true });
});

app.listen(process.env.PORT ?? 3000, "127.0.0.1", () => console.log("listening"));
