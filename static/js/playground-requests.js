// The requests of the trial, as they are sent and as they are shown. Where a secret goes, what is shown has a name.

const SECRET = "CLIENT_SECRET";
const HEADERS = ["content-type", "cache-control", "www-authenticate", "retry-after"];
const FORM = "application/x-www-form-urlencoded";

export function authorizeUrl(app, trial) {
  return `${app.issuer}/oauth/authorize?${new URLSearchParams(authorizeParameters(app, trial))}`;
}

export function authorizeParameters(app, trial) {
  return {
    response_type: "code",
    client_id: app.clientId,
    redirect_uri: app.redirectUri,
    scope: trial.scopes.join(" "),
    state: trial.state,
    code_challenge: trial.challenge,
    code_challenge_method: "S256",
    ...(trial.prompt ? { prompt: "consent" } : {}),
  };
}

export function tokenRequest(app, trial) {
  return authenticated(app, trial, "/oauth/token", {
    grant_type: "authorization_code",
    code: trial.answer?.values.code ?? "",
    redirect_uri: app.redirectUri,
    code_verifier: trial.verifier,
  });
}

export function refreshRequest(app, trial) {
  return authenticated(app, trial, "/oauth/token", {
    grant_type: "refresh_token",
    refresh_token: trial.tokens?.refresh_token ?? "",
  });
}

export function revokeRequest(app, trial, token) {
  return authenticated(app, trial, "/oauth/revoke", { token });
}

export function apiRequest(app, trial) {
  return {
    method: "GET",
    path: "/api/me/",
    headers: (_secret) => ({ Authorization: `Bearer ${trial.tokens?.access_token ?? ""}` }),
  };
}

// A client's own request to a token-like endpoint. Its headers and body are functions of the secret, null to show them.
function authenticated(app, trial, path, parameters) {
  const method = app.isConfidential ? trial.method : "none";
  const id = method === "client_secret_basic" ? {} : { client_id: app.clientId };
  const inBody = (secret) => (method === "client_secret_post" ? { client_secret: secret ?? SECRET } : {});
  const inHeader = (secret) => (method === "client_secret_basic" ? { Authorization: `Basic ${basic(app, secret)}` } : {});
  return {
    method: "POST",
    path,
    parameters: { ...id, ...parameters },
    headers: (secret) => ({ ...inHeader(secret), "Content-Type": FORM }),
    body: (secret) => String(new URLSearchParams({ ...id, ...inBody(secret), ...parameters })),
  };
}

function basic(app, secret) {
  return secret === null ? `base64(${app.clientId}:${SECRET})` : btoa(`${app.clientId}:${encodeURIComponent(secret)}`);
}

export function show(app, request) {
  const headers = Object.entries(request.headers(null)).map(([name, value]) => `${name}: ${value}`);
  const body = request.body ? ["", request.body(null)] : [];
  return [`${request.method} ${app.issuer}${request.path}`, ...headers, ...body].join("\n");
}

// Always to our own origin, and without the cookies of the person who looks on: as an app would.
export async function send(request, secret, noAnswer = "") {
  let response, text;
  try {
    response = await fetch(request.path, {
      method: request.method,
      headers: request.headers(secret),
      body: request.body?.(secret),
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
      referrerPolicy: "no-referrer",
    });
    // The network may end in the middle of it.
    text = await response.text();
  } catch {
    return { status: 0, text: noAnswer, body: {} };
  }
  const headers = HEADERS.filter((name) => response.headers.has(name)).map((name) => `${name}: ${response.headers.get(name)}`);
  let body = {};
  try {
    body = JSON.parse(text);
  } catch {
    // Shown as it came.
  }
  const pretty = body && Object.keys(body).length ? JSON.stringify(body, null, 2) : text;
  return { status: response.status, text: [`${response.status} ${response.statusText}`.trim(), ...headers, "", pretty].join("\n"), body: body ?? {} };
}
