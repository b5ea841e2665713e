async function finishSignIn() {
  const { code, verifier } = readAnswer();
  return keep(await requestTokens({
    grant_type: "authorization_code",
    code,
    redirect_uri: REDIRECT_URI,
    code_verifier: verifier,
  }));
}

async function requestTokens(parameters) {
  const response = await fetch(`${ISSUER}/oauth/token`, {
    method: "POST",
    body: new URLSearchParams({ client_id: CLIENT_ID, ...parameters }),
  });
  const answer = await response.json();
  if (!response.ok) {
    throw new Error(`${answer.error}: ${answer.error_description}`);
  }
  return answer;
}

function keep(tokens) {
  localStorage.setItem("tokens", JSON.stringify(tokens));
  return tokens;
}
