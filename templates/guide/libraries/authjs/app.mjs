import express from "express";
import { ExpressAuth, getSession } from "@auth/express";

const ISSUER = {{ quoted(issuer) }};
const CLIENT_ID = {{ quoted(app.client_id) }};
const CLIENT_SECRET = process.env.CLIENT_SECRET;
// What each of your users holds. In earnest: a table of your database.
const kept = new Map();

const memories = {
  id: "memories",
  name: "Memories",
  type: "oauth",
  // Not for finding anything: iss, which comes back with the code, is compared with it.
  issuer: ISSUER,
  checks: ["pkce", "state"],
  clientId: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
  authorization: { url: `${ISSUER}/oauth/authorize`, params: { scope: {{ quoted(app.scope) }} } },
  token: `${ISSUER}/oauth/token`,
  userinfo: `${ISSUER}/api/me/`,
  profile: (me) => ({ id: me.id, name: me.name, email: me.email }),
};

const config = {
  providers: [memories],
  secret: process.env.AUTH_SECRET,
  trustHost: true,
  basePath: "/auth",
  callbacks: {
    jwt({ token, account }) {
      if (account) {
        token.sub = account.providerAccountId;
        kept.set(token.sub, account);
      }
      return token;
    },
    // The browser may read the session: it holds who it is, and no token.
    session: ({ session, token }) => ({ ...session, user: { ...session.user, id: token.sub } }),
  },
};

const app = express();
app.set("trust proxy", true);
// With Express 5 without a wildcard: it takes what stands before that for its own path.
app.use("/auth", ExpressAuth(config));

async function post(path, form) {
  const answer = await fetch(ISSUER + path, {
    method: "POST",
    body: new URLSearchParams({ client_id: CLIENT_ID, client_secret: CLIENT_SECRET, ...form }),
  });
  if (!answer.ok) throw new Error((await answer.json()).error);
  return answer.headers.get("Content-Type")?.includes("json") ? answer.json() : null;
}

async function freshToken(user) {
  const { expires_at, refresh_token } = kept.get(user);
  if (expires_at < Date.now() / 1000 + 10) {
    // The library renews nothing. A new refresh token comes, and the old one is spent.
    const tokens = await post("/oauth/token", { grant_type: "refresh_token", refresh_token });
    kept.set(user, { ...tokens, expires_at: Date.now() / 1000 + tokens.expires_in });
  }
  return kept.get(user).access_token;
}

app.get("/me", async (request, response) => {
  const session = await getSession(request, config);
  if (!session) return response.status(401).json({ error: "signed_out" });
  try {
    const headers = { Authorization: `Bearer ${await freshToken(session.user.id)}` };
    response.json(await (await fetch(`${ISSUER}/api/me/`, { headers })).json());
  } catch (error) {
    // invalid_grant: send the person to /auth/signin. All others: try again later.
    response.status(502).json({ error: error.message });
  }
});

app.post("/disconnect", async (request, response) => {
  const session = await getSession(request, config);
  await post("/oauth/revoke", { token: kept.get(session.user.id).refresh_token });
  kept.delete(session.user.id);
  response.json({ disconnected: true });
});

app.listen(process.env.PORT ?? 3000, "127.0.0.1", () => console.log("listening"));
