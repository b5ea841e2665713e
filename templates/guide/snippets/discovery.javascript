async function discover() {
  const response = await fetch(`${ISSUER}/.well-known/oauth-authorization-server`);
  return response.json();
}
