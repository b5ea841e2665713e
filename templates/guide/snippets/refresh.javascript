// One tab at a time: a refresh token that comes twice ends the sign-in.
async function renewTokens() {
  return navigator.locks.request("renewTokens", async () => {
    const { refresh_token } = JSON.parse(localStorage.getItem("tokens"));
    return keep(await requestTokens({ grant_type: "refresh_token", refresh_token }));
  });
}
