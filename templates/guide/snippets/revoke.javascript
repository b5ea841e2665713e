async function signOut() {
  const { refresh_token } = JSON.parse(localStorage.getItem("tokens"));
  localStorage.removeItem("tokens");
  await fetch(`${ISSUER}/oauth/revoke`, {
    method: "POST",
    body: new URLSearchParams({ client_id: CLIENT_ID, token: refresh_token }),
  });
}
