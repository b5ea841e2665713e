"""The revocation endpoint (:rfc:`7009`)."""

from authlib.oauth2.rfc7009 import RevocationEndpoint
from flask import Response

from app import credentials
from app.database.connections import connect
from app.extensions import db
from app.http.doors import WIRE
from app.oauth.endpoints import blueprint
from app.oauth.endpoints.presented_token import find_presented_token
from app.oauth.server import server
from app.oauth.tokens.code import revoke_family
from app.oauth.tokens.token import TokenSnapshot, revoke_access_token


@blueprint.post("/oauth/revoke", door=WIRE)
def revoke() -> Response:
    """End a token. A refresh token takes its family with it, an access token ends alone (:rfc:`7009#section-2.1`)."""
    with connect(db.engine) as connection:
        return server.create_endpoint_response(_Revocation.ENDPOINT_NAME, server.read_form(connection))


class _Revocation(RevocationEndpoint):
    CLIENT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]

    def authenticate_token(self, request, client) -> TokenSnapshot | None:
        """The token, if it is this client's. Another's, or none at all, gets the same 200 and changes nothing."""
        return find_presented_token(request, client)

    def revoke_token(self, token: TokenSnapshot, request) -> None:
        if request.form["token"].startswith(credentials.REFRESH_TOKEN):
            revoke_family(request.connection, token.family_id)
        else:
            revoke_access_token(request.connection, token.digest)


server.register_endpoint(_Revocation)
