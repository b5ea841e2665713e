"""The token endpoint (:rfc:`6749#section-3.2`)."""

from flask import request as http_request

from app.database.connections import connect
from app.extensions import db
from app.http.doors import WIRE
from app.oauth.endpoints import blueprint, documented
from app.oauth.server import server


@blueprint.post("/oauth/token", door=WIRE)
@documented.post("/token/")
def token():
    """Exchange a code, a refresh token, or the client's own credentials for an access token."""
    with connect(db.engine) as connection:
        request = server.read_form(connection)
        if http_request.blueprint == documented.name and "code" in request.form:
            # Its documentation knows no grant_type: what comes with a code is the exchange of that code.
            request.form.setdefault("grant_type", "authorization_code")
        return server.create_token_response(request)
