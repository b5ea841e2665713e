function readAnswer() {
  const returned = Object.fromEntries(new URLSearchParams(location.search));
  const { state, verifier } = JSON.parse(sessionStorage.getItem("signIn") ?? "{}");
  sessionStorage.removeItem("signIn");
  history.replaceState(null, "", location.pathname); // A reload must not send the code again.
  if (!state || returned.state !== state || returned.iss !== ISSUER) {
    throw new Error("This is no answer to our request: do not go on.");
  }
  if (returned.error) {
    throw new Error(`${returned.error}: ${returned.error_description}`);
  }
  return { code: returned.code, verifier };
}
