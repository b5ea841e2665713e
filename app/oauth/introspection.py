"""Introspection (:rfc:`7662`), from a request object to an answer."""

from typing import Any

from authlib.consts import default_json_headers
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from app.clients.models import ClientSnapshot
from app.oauth.failures import count_unknown_token
from app.oauth.grants.bearer import consent_details
from app.oauth.presented_token import find_presented_token
from app.oauth.refusals import Reason, refuse
from app.oauth.resources import address_of
from app.oauth.tokens.refresh import RefreshSnapshot
from app.oauth.tokens.snapshot import TokenSnapshot
from app.oauth.wire_request import WireRequest


class Introspection(IntrospectionEndpoint):
    """Whether one of the client's own tokens is alive, and what it may do now; any other is ``{"active": false}``."""

    CLIENT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]

    def authenticate_token(self, request: WireRequest, client: ClientSnapshot) -> TokenSnapshot | None:
        """Returns the token, if it is this client's and not one that was used up. Raises :class:`Refused`."""
        # RFC 7662 section 2.1 wants the caller authorized, and a public client cannot prove who it is.
        if not client.is_confidential:
            raise refuse(Reason.INTROSPECTION_NOT_ALLOWED)
        token = find_presented_token(request, client)
        return None if isinstance(token, RefreshSnapshot) and token.rotated_at is not None else token

    def create_endpoint_response(self, request: WireRequest) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Answer with the members of :rfc:`7662#section-2.2`. Raises :class:`Refused`."""
        client = self.authenticate_endpoint_client(request)
        token = self.authenticate_token(request, client)
        if token is None:
            count_unknown_token(request, client)
        if token is None or token.is_expired() or token.is_revoked():
            return 200, {"active": False}, default_json_headers
        return 200, _describe(token, request.services.settings.issuer), default_json_headers


def _describe(token: TokenSnapshot, issuer: str) -> dict[str, Any]:
    """What the token may do, computed now from the consent as it is now."""
    scope = token.get_scope()
    payload: dict[str, Any] = {
        "active": True,
        "client_id": token.client_id,
        "scope": scope,
        "iss": issuer,
        "aud": _describe_audience(token.audience, issuer),
        "sub": token.user_id or token.organization_id,
        "iat": int(token.issued_at.timestamp()),
        "exp": int(token.ends_at.timestamp()),
    }
    if not isinstance(token, RefreshSnapshot):
        payload["token_type"] = "Bearer"
    if token.grant_id is not None:
        payload["grant_id"] = token.grant_id
        payload["authorization_details"] = consent_details(scope, token, issuer)
    return payload


def _describe_audience(audience: str, issuer: str) -> str | list[str]:
    """What it is for; a refresh token may be for several (:rfc:`7662#section-2.2`)."""
    addresses = [address_of(name, issuer) for name in audience.split(" ")]
    return addresses[0] if len(addresses) == 1 else addresses
