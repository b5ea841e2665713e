// What the trial does, as a program of the reader's would: for curl, Python (Authlib, requests) and JavaScript.
// A secret is a variable of the environment here, whatever the trial knows.
import { authorizeParameters, refreshRequest, tokenRequest } from "./playground-requests.js";

export function authorizeCode(app, trial) {
  const parameters = authorizeParameters(app, trial);
  const extra = trial.prompt ? ", prompt=\"consent\"" : "";
  return {
    curl: lines(
      "# The user's browser sends this, not your server. curl shows where it would be led:",
      `curl -sS -o /dev/null -w '%{http_code} %{redirect_url}\\n' -G ${shell(`${app.issuer}/oauth/authorize`)}`,
      ...curlData(parameters),
    ),
    python: lines(
      ...imports(app, "from authlib.common.security import generate_token"),
      "",
      ...session(app, trial, [`    scope=${quote(parameters.scope)},`, "    code_challenge_method=\"S256\","]),
      "code_verifier = generate_token(48)",
      "url, state = session.create_authorization_url(",
      `    ${quote(`${app.issuer}/oauth/authorize`)}, code_verifier=code_verifier${extra}`,
      ")",
      "# Keep state and code_verifier with the user's session, and redirect the browser:",
      "print(url)",
    ),
    javascript: lines(
      "const base64url = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))",
      "  .replaceAll(\"+\", \"-\").replaceAll(\"/\", \"_\").replaceAll(\"=\", \"\");",
      "const state = base64url(crypto.getRandomValues(new Uint8Array(16)));",
      "const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));",
      "const digest = await crypto.subtle.digest(\"SHA-256\", new TextEncoder().encode(verifier));",
      "// Keep state and verifier with the user's session, and redirect the browser:",
      `const url = ${quote(`${app.issuer}/oauth/authorize`)} + "?" + new URLSearchParams({`,
      ...Object.entries(parameters).map(([name, value]) => `  ${name}: ${madeHere[name] ?? quote(value)},`),
      "});",
    ),
  };
}

const madeHere = { state: "state", code_challenge: "base64url(digest)" };

export function callbackCode(app, trial) {
  const url = trial.answer?.url ?? "";
  return {
    curl: lines(
      "# Nothing is sent: the browser brings the answer. In a shell:",
      `ANSWER=${shell(url)}`,
      `case $ANSWER in *${shell(`state=${trial.state}`)}*) CODE=$(printf %s "$ANSWER" | sed -n 's/.*[?&]code=\\([^&]*\\).*/\\1/p');; esac`,
      "echo \"$CODE\"",
    ),
    python: lines(
      "import hmac",
      "from urllib.parse import parse_qs, urlsplit",
      "",
      `url = ${quote(url)}  # what your view received`,
      "answer = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}",
      `if not hmac.compare_digest(answer["state"], ${quote(trial.state)}):`,
      "    raise SystemExit(\"This answers another question.\")",
      `if answer["iss"] != ${quote(app.issuer)}:`,
      "    raise SystemExit(\"This comes from another server.\")",
      "if \"error\" in answer:",
      "    raise SystemExit(answer[\"error\"])",
      "print(answer[\"code\"])",
    ),
    javascript: lines(
      `const answer = new URL(${quote(url)}).searchParams;  // what your handler received`,
      `if (answer.get("state") !== ${quote(trial.state)}) throw new Error("This answers another question.");`,
      `if (answer.get("iss") !== ${quote(app.issuer)}) throw new Error("This comes from another server.");`,
      "if (answer.has(\"error\")) throw new Error(answer.get(\"error\"));",
      "const code = answer.get(\"code\");",
    ),
  };
}

export function tokenCode(app, trial) {
  return {
    ...posted(app, trial, tokenRequest(app, trial)),
    python: lines(
      ...imports(app),
      "",
      ...session(app, trial),
      "token = session.fetch_token(",
      `    ${quote(`${app.issuer}/oauth/token`)},`,
      `    code=${quote(trial.answer?.values.code ?? "")},`,
      `    code_verifier=${quote(trial.verifier)},`,
      ")",
      "print(token)",
    ),
  };
}

export function refreshCode(app, trial) {
  return {
    ...posted(app, trial, refreshRequest(app, trial)),
    python: lines(
      ...imports(app),
      "",
      ...session(app, trial),
      "token = session.refresh_token(",
      `    ${quote(`${app.issuer}/oauth/token`)}, refresh_token=${quote(trial.tokens?.refresh_token ?? "")}`,
      ")",
      "print(token)",
    ),
  };
}

export function apiCode(app, trial) {
  const url = `${app.issuer}/api/me/`;
  const bearer = `Bearer ${trial.tokens?.access_token ?? ""}`;
  return {
    curl: `curl -sS ${shell(url)} -H ${shell(`Authorization: ${bearer}`)}`,
    python: lines(
      "import requests",
      "",
      `answer = requests.get(${quote(url)}, headers={"Authorization": ${quote(bearer)}})`,
      "answer.raise_for_status()",
      "print(answer.json())",
    ),
    javascript: lines(
      `const answer = await fetch(${quote(url)}, {`,
      `  headers: { Authorization: ${quote(bearer)} },`,
      "});",
      "console.log(await answer.json());",
    ),
  };
}

// A POST of a form, for curl and JavaScript.
function posted(app, trial, request) {
  const basic = app.isConfidential && trial.method === "client_secret_basic";
  const post = app.isConfidential && !basic;
  return {
    curl: lines(
      `curl -sS ${shell(app.issuer + request.path)}${basic ? ` -u "${app.clientId}:$CLIENT_SECRET"` : ""}`,
      ...curlData(request.parameters, post ? ["  --data-urlencode \"client_secret=$CLIENT_SECRET\""] : []),
    ),
    javascript: lines(
      `const answer = await fetch(${quote(app.issuer + request.path)}, {`,
      "  method: \"POST\",",
      ...(basic ? [`  headers: { Authorization: "Basic " + btoa(${quote(`${app.clientId}:`)} + process.env.CLIENT_SECRET) },`] : []),
      "  body: new URLSearchParams({",
      ...Object.entries(request.parameters).map(([name, value]) => `    ${name}: ${quote(value)},`),
      ...(post ? ["    client_secret: process.env.CLIENT_SECRET,"] : []),
      "  }),",
      "});",
      "console.log(await answer.json());",
    ),
  };
}

function imports(app, ...more) {
  return [...(app.isConfidential ? ["import os", ""] : []), ...more, "from authlib.integrations.requests_client import OAuth2Session"];
}

function session(app, trial, more = []) {
  return [
    "session = OAuth2Session(",
    `    ${quote(app.clientId)},`,
    ...(app.isConfidential ? ["    os.environ[\"CLIENT_SECRET\"],"] : []),
    `    token_endpoint_auth_method=${quote(app.isConfidential ? trial.method : "none")},`,
    `    redirect_uri=${quote(app.redirectUri)},`,
    ...more,
    ")",
  ];
}

function curlData(parameters, more = []) {
  return [...Object.entries(parameters).map(([name, value]) => `  --data-urlencode ${shell(`${name}=${value}`)}`), ...more];
}

// One text. A line is continued, for the shell, when an option of curl's follows.
function lines(...all) {
  return all.map((line, index) => (/^ {2}--/.test(all[index + 1] ?? "") ? `${line} \\` : line)).join("\n");
}

function shell(text) {
  return /^[\w./:=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

// A literal of Python and of JavaScript alike.
function quote(text) {
  return JSON.stringify(text);
}
