"""The introspection endpoint (:rfc:`7662`)."""

from typing import Any

from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from flask import Response

from app.config import settings
from app.database.connections import connect
from app.extensions import db
from app.http.doors import BACK
from app.oauth.endpoints import blueprint
from app.oauth.endpoints.presented_token import find_presented_token
from app.oauth.grants.bearer import consent_details
from app.oauth.refusals import Reason, refuse
from app.oauth.server import server
from app.oauth.tokens.token import TokenSnapshot


@blueprint.post("/oauth/introspect", door=BACK)
def introspect() -> Response:
    """Whether one of the client's own tokens is alive, and what it may do now; any other is ``{"active": false}``."""
    with connect(db.engine) as connection:
        return server.create_endpoint_response(_Introspection.ENDPOINT_NAME, server.read_form(connection))


class _Introspection(IntrospectionEndpoint):
    CLIENT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]

    def authenticate_token(self, request, client) -> TokenSnapshot | None:
        # RFC 7662 section 2.1 wants the caller authorized, and a public client cannot prove who it is.
        if not client.is_confidential:
            raise refuse(Reason.INTROSPECTION_NOT_ALLOWED)
        token = find_presented_token(request, client)
        return None if token is None or token.rotated_at is not None else token

    def introspect_token(self, token: TokenSnapshot) -> dict[str, Any]:
        """The members of :rfc:`7662#section-2.2`, computed now from the consent as it is now."""
        scope = token.get_scope()
        payload: dict[str, Any] = {
            "active": True,
            "client_id": token.client_id,
            "scope": scope,
            "iss": settings().issuer,
            "aud": settings().issuer,
            "sub": token.user_id or token.organization_id,
            "iat": int(token.issued_at.timestamp()),
            "exp": int(token.ends_at.timestamp()),
        }
        if not token.is_refresh_token:
            payload["token_type"] = "Bearer"
        if token.grant_id is not None:
            payload["grant_id"] = token.grant_id
            payload["authorization_details"] = consent_details(scope, token)
        return payload


server.register_endpoint(_Introspection)
