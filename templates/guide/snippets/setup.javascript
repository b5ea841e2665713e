const ISSUER = {{ quoted(issuer) }};
const CLIENT_ID = {{ quoted(app.client_id) }};
const REDIRECT_URI = {{ quoted(app.redirect_uri) }};
const SCOPE = {{ quoted(app.scope) }};
