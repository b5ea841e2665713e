async function readMe() {
  return callApi("/api/me/");
}

async function callApi(path, options = {}) {
  const { access_token } = JSON.parse(localStorage.getItem("tokens"));
  const headers = { Authorization: `Bearer ${access_token}`, ...options.headers };
  const response = await fetch(ISSUER + path, { ...options, headers });
  const answer = await response.json();
  if (!response.ok) {
    throw new Error(`${answer.code}: ${answer.message}`);
  }
  return answer;
}
