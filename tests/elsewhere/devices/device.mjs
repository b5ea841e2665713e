// A command line that connects itself with openid-client: it knows the issuer and its client id, and nothing else.
import * as client from "openid-client";

const { ISSUER, CLIENT_ID } = process.env;
const options = { algorithm: "oauth2", execute: [client.allowInsecureRequests] };
const config = await client.discovery(new URL(ISSUER), CLIENT_ID, undefined, client.None(), options);
const asked = await client.initiateDeviceAuthorization(config, { scope: "memories:read offline_access" });
console.log(asked.verification_uri_complete);
try {
  const tokens = await client.pollDeviceAuthorizationGrant(config, asked);
  const renewed = await client.refreshTokenGrant(config, tokens.refresh_token);
  console.log(renewed.access_token);
} catch (error) {
  console.log(error.error ?? error.message);
}
