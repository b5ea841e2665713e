// A service that signs who it is, with openid-client: it knows the issuer, its client id and its own key.
import { webcrypto } from "node:crypto";
import * as client from "openid-client";

const { ISSUER, CLIENT_ID, KEY } = process.env;
const jwk = JSON.parse(KEY);
const algorithm = jwk.kty === "EC" ? { name: "ECDSA", namedCurve: "P-256" } : { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const key = await webcrypto.subtle.importKey("jwk", jwk, algorithm, false, ["sign"]);
const options = { algorithm: "oauth2", execute: [client.allowInsecureRequests] };
const signs = client.PrivateKeyJwt({ key, kid: jwk.kid });
const config = await client.discovery(new URL(ISSUER), CLIENT_ID, undefined, signs, options);
const tokens = await client.clientCredentialsGrant(config, { scope: "memories:read" });
const told = await client.tokenIntrospection(config, tokens.access_token);
await client.tokenRevocation(config, tokens.access_token);
const after = await client.tokenIntrospection(config, tokens.access_token);
console.log(JSON.stringify([told.active, told.client_id, after.active]));
