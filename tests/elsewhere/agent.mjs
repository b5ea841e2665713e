// An agent as its author would write it with @modelcontextprotocol/client: it keeps what it is given in a file, sends
// its person to the browser, and does what it is told, one line of JSON each.
//
//   node agent.mjs ADDRESS FILE ERA     ERA: auto, which asks what the server speaks, or legacy
//
// It reads {"call": TOOL, "arguments": {}} or {"list": true}, and answers {"result": ...} or {"error": SENTENCE}. In
// between it may say {"go": ADDRESS}, and reads {"came_back": ADDRESS}.

import { readFileSync, writeFileSync, existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from "@modelcontextprotocol/client";

const [address, file, era] = process.argv.slice(2);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const kept = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
const redirectUrl = kept.redirectUrl ?? "http://127.0.0.1:33418/callback";

const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");
const hear = async () => {
  const { value, done } = await lines.next();
  return done ? null : JSON.parse(value);
};
const keep = (name, value) => {
  kept[name] = value;
  writeFileSync(file, JSON.stringify(kept));
};

const provider = {
  redirectUrl,
  clientMetadataUrl: kept.documentUrl,
  clientMetadata: { client_name: "Pocket Agent", redirect_uris: [redirectUrl] },
  state: () => crypto.randomUUID(),
  clientInformation: () => kept.client,
  saveClientInformation: (client) => keep("client", client),
  tokens: () => kept.tokens,
  saveTokens: (tokens) => keep("tokens", tokens),
  saveCodeVerifier: (verifier) => keep("verifier", verifier),
  codeVerifier: () => kept.verifier,
  // A person who has just decided is not asked again by the same call.
  redirectToAuthorization: (to) => {
    if (!hasAsked) say({ go: to.href });
    hasAsked = true;
  },
  saveDiscoveryState: (state) => keep("discovery", state),
  discoveryState: () => kept.discovery,
};

const open = () => new StreamableHTTPClientTransport(new URL(address), { authProvider: provider });

let transport, client, hasAsked;

async function connect() {
  transport = open();
  client = new Client({ name: "pocket-agent", version: "1.0.0" }, { versionNegotiation: { mode: era } });
  await client.connect(transport);
}

// What the library's documentation says: wait for the person, finish, and do it once more.
async function once(act) {
  hasAsked = false;
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    await transport.finishAuth(new URL((await hear()).came_back).searchParams);
    return await act();
  }
}

async function carryOut(order) {
  if (order.list) return await client.listTools();
  return await client.callTool({ name: order.call, arguments: order.arguments });
}

try {
  await once(connect);
  say({ result: { connected: client.getNegotiatedProtocolVersion?.() ?? transport.protocolVersion } });
  for (let order = await hear(); order !== null; order = await hear()) {
    try {
      say({ result: await once(() => carryOut(order)) });
    } catch (error) {
      say({ error: `${error.name}: ${error.message}`, text: error.data?.text ?? null });
    }
  }
  await client.close();
} catch (error) {
  say({ error: `${error.name}: ${error.message}`, stack: error.stack });
}
process.exit(0);
