// node oidc-provider as its documentation builds it for many requests: one process a core, an adapter of its own with
// prepared statements, opaque tokens, one row a token. It signs everybody in as one person and asks nothing.
import cluster from "node:cluster";
import { createServer } from "node:http";
import { availableParallelism } from "node:os";
import { Provider } from "oidc-provider";

const { PORT, DATABASE, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, SCOPE } = process.env;
const INDEXED = new Set(["Session", "AccessToken", "AuthorizationCode", "RefreshToken"]);

// -- where rows are kept: {find, findByUid, upsert, consume, destroy, revoke}, each a prepared statement

async function openSqlite(path) {
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(path);
  // As the product has them.
  database.exec(`PRAGMA busy_timeout = 20000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
    PRAGMA wal_autocheckpoint = 8000; PRAGMA cache_size = -16000;
    CREATE TABLE IF NOT EXISTS rows (id TEXT PRIMARY KEY, payload TEXT NOT NULL, grant_id TEXT, uid TEXT,
      expires_at INTEGER, consumed_at INTEGER) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS rows_grant_id ON rows (grant_id) WHERE grant_id IS NOT NULL;
    CREATE INDEX IF NOT EXISTS rows_uid ON rows (uid) WHERE uid IS NOT NULL`);
  const prepare = (sql) => database.prepare(sql);
  const statements = {
    find: prepare("SELECT payload, consumed_at FROM rows WHERE id = ? AND expires_at > ?"),
    findByUid: prepare("SELECT payload, consumed_at FROM rows WHERE uid = ? AND expires_at > ?"),
    upsert: prepare(`INSERT INTO rows (id, payload, grant_id, uid, expires_at) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET payload = excluded.payload, expires_at = excluded.expires_at`),
    consume: prepare("UPDATE rows SET consumed_at = ? WHERE id = ?"),
    destroy: prepare("DELETE FROM rows WHERE id = ?"),
    revoke: prepare("DELETE FROM rows WHERE grant_id = ?"),
  };
  return {
    one: async (name, ...values) => statements[name].get(...values),
    run: async (name, ...values) => void statements[name].run(...values),
  };
}

async function openPostgresql() {
  const { default: pg } = await import("pg");
  const pool = new pg.Pool({ max: 8 });
  if (cluster.isPrimary) {
    await pool.query(`CREATE TABLE IF NOT EXISTS peer_rows (id text PRIMARY KEY, payload text NOT NULL, grant_id text,
        uid text, expires_at bigint, consumed_at bigint);
      CREATE INDEX IF NOT EXISTS peer_rows_grant_id ON peer_rows (grant_id) WHERE grant_id IS NOT NULL;
      CREATE INDEX IF NOT EXISTS peer_rows_uid ON peer_rows (uid) WHERE uid IS NOT NULL`);
    await pool.end();
    return undefined;
  }
  const texts = {
    find: "SELECT payload, consumed_at FROM peer_rows WHERE id = $1 AND expires_at > $2",
    findByUid: "SELECT payload, consumed_at FROM peer_rows WHERE uid = $1 AND expires_at > $2",
    upsert: `INSERT INTO peer_rows (id, payload, grant_id, uid, expires_at) VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT (id) DO UPDATE SET payload = excluded.payload, expires_at = excluded.expires_at`,
    consume: "UPDATE peer_rows SET consumed_at = $1 WHERE id = $2",
    destroy: "DELETE FROM peer_rows WHERE id = $1",
    revoke: "DELETE FROM peer_rows WHERE grant_id = $1",
  };
  // A name makes it a prepared statement of the connection.
  const query = (name, values) => pool.query({ name, text: texts[name], values });
  return {
    one: async (name, ...values) => (await query(name, values)).rows[0],
    run: async (name, ...values) => void (await query(name, values)),
  };
}

const isPostgresql = DATABASE === "postgresql";
const rows = await (isPostgresql ? openPostgresql : openSqlite)(DATABASE);
const now = () => Math.floor(Date.now() / 1000);

class Adapter {
  constructor(model) {
    this.model = model;
  }

  key(id) {
    return `${this.model}:${id}`;
  }

  async upsert(id, payload, expiresIn) {
    const [grant, uid] = INDEXED.has(this.model) ? [payload.grantId, payload.uid] : [];
    const expires = expiresIn ? now() + expiresIn : Number.MAX_SAFE_INTEGER;
    await rows.run("upsert", this.key(id), JSON.stringify(payload), grant ?? null, uid ?? null, expires);
  }

  async find(id) {
    return this.read(await rows.one("find", this.key(id), now()));
  }

  async findByUid(uid) {
    return this.read(await rows.one("findByUid", uid, now()));
  }

  async findByUserCode() {
    return undefined;
  }

  read(row) {
    if (!row) return undefined;
    const payload = JSON.parse(row.payload);
    return row.consumed_at ? { ...payload, consumed: Number(row.consumed_at) } : payload;
  }

  async consume(id) {
    await rows.run("consume", now(), this.key(id));
  }

  async destroy(id) {
    await rows.run("destroy", this.key(id));
  }

  async revokeByGrantId(grantId) {
    await rows.run("revoke", grantId);
  }
}

function makeProvider() {
  const provider = new Provider(`http://127.0.0.1:${PORT}`, {
    adapter: Adapter,
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        redirect_uris: [REDIRECT_URI],
        grant_types: ["authorization_code", "refresh_token", "client_credentials"],
        response_types: ["code"],
        scope: `openid offline_access ${SCOPE}`,
      },
    ],
    scopes: ["openid", "offline_access", ...SCOPE.split(" ")],
    cookies: { keys: ["only-for-benchmarks"] },
    features: {
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      devInteractions: { enabled: false },
    },
    claims: { openid: ["sub"], profile: ["name"] },
    findAccount: async (ctx, id) => ({ accountId: id, claims: async () => ({ sub: id, name: "Alice" }) }),
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    issueRefreshToken: async () => true,
    // Ours go on after their person has signed out, so nobody looks for the session of a token here either.
    expiresWithSession: async () => false,
    rotateRefreshToken: true,
    pkce: { required: () => true },
    ttl: { AccessToken: 3600, AuthorizationCode: 600, ClientCredentials: 3600, RefreshToken: 2592000,
      Grant: 2592000, IdToken: 3600, Interaction: 3600, Session: 2592000 },
  });
  const answer = provider.callback();
  return async (request, response) => {
    if (!request.url.startsWith("/interaction/")) return answer(request, response);
    const grant = new provider.Grant({ accountId: "alice", clientId: CLIENT_ID });
    grant.addOIDCScope(`openid offline_access ${SCOPE}`);
    const result = { login: { accountId: "alice" }, consent: { grantId: await grant.save() } };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  };
}

if (cluster.isPrimary) {
  for (let count = availableParallelism(); count > 0; count -= 1) cluster.fork();
} else {
  createServer(makeProvider()).listen(Number(PORT), "127.0.0.1");
}
