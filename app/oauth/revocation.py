"""Revocation (:rfc:`7009`), from a request object to an answer."""

from authlib.oauth2.rfc7009 import RevocationEndpoint

from app import credentials
from app.clients.models import ClientSnapshot
from app.oauth.presented_token import find_presented_token
from app.oauth.tokens.access import revoke_access_token
from app.oauth.tokens.family import revoke_family
from app.oauth.tokens.snapshot import TokenSnapshot
from app.oauth.wire_request import WireRequest


class Revocation(RevocationEndpoint):
    """A refresh token takes its family with it, an access token ends alone (:rfc:`7009#section-2.1`)."""

    CLIENT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none", "private_key_jwt"]

    def authenticate_token(self, request: WireRequest, client: ClientSnapshot) -> TokenSnapshot | None:
        """Returns the token, if it is this client's. Another's, or none at all, gets the same 200 and changes nothing."""
        return find_presented_token(request, client)

    def revoke_token(self, token: TokenSnapshot, request: WireRequest) -> None:
        """End it, with its family if it is a refresh token."""
        if token.family_id is not None and request.form["token"].startswith(credentials.REFRESH_TOKEN):
            revoke_family(request.connection, token.family_id)
        else:
            revoke_access_token(request.connection, token.digest)
