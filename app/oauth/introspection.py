"""Introspection (:rfc:`7662`), from a request object to an answer."""

from typing import Any

from authlib.consts import default_json_headers
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from app.clients.models import ClientSnapshot
from app.oauth.failures import count_unknown_token
from app.oauth.grants.bearer import consent_details
from app.oauth.presented_token import find_token
from app.oauth.refusals import Reason, refuse
from app.oauth.resources import Resource, find_resource
from app.oauth.tokens.refresh import RefreshSnapshot
from app.oauth.tokens.resource import Organization, find_meant_resource
from app.oauth.tokens.snapshot import TokenSnapshot
from app.oauth.wire_request import WireRequest

_INACTIVE = {"active": False}


class Introspection(IntrospectionEndpoint):
    """Whether a token is alive, and what it may do now: one of the client's own, or an access token for a resource
    that the client is the server of. Any other is ``{"active": false}``.
    """

    CLIENT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt"]

    def authenticate_token(self, request: WireRequest, client: ClientSnapshot) -> TokenSnapshot | None:
        """Returns the token, whoever it was issued to, unless it was used up. Raises :class:`Refused`."""
        # RFC 7662 section 2.1 wants the caller authorized, and a public client cannot prove who it is.
        if not client.is_confidential:
            raise refuse(Reason.INTROSPECTION_NOT_ALLOWED)
        token = find_token(request)
        return None if isinstance(token, RefreshSnapshot) and token.rotated_at is not None else token

    def create_endpoint_response(self, request: WireRequest) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Answer with the members of :rfc:`7662#section-2.2`. Raises :class:`Refused`."""
        client = self.authenticate_endpoint_client(request)
        token = self.authenticate_token(request, client)
        if token is None:
            answer = None
        elif token.check_client(client):
            answer = _tell_its_client(request, token)
        else:
            answer = _tell_resource_server(request, token, client)
        if answer is None:
            count_unknown_token(request, client)
        return 200, answer or _INACTIVE, default_json_headers


def _tell_its_client(request: WireRequest, token: TokenSnapshot) -> dict[str, Any]:
    """What a client is told of its own token."""
    if _is_over(token):
        return _INACTIVE
    issuer = request.services.settings.issuer
    found = [find_resource(request.connection, name, issuer) for name in token.audience.split(" ")]
    resources = [one for one in found if one is not None]
    if not resources:
        # Whatever it was for is there no more, or is switched off.
        return _INACTIVE
    addresses = [one.address for one in resources]
    answer = _describe(token, addresses[0] if len(addresses) == 1 else addresses, resources[0])
    more = {"iss": issuer, "iat": int(token.issued_at.timestamp())}
    return answer | more if isinstance(token, RefreshSnapshot) else answer | more | {"token_type": "Bearer"}


def _tell_resource_server(request: WireRequest, token: TokenSnapshot, client: ClientSnapshot) -> dict[str, Any] | None:
    """What a resource server is told of an access token that is meant for it. None for one that is not."""
    if isinstance(token, RefreshSnapshot):
        # Whoever sends one to a resource server has made a mistake, which is no reason to let it go on.
        return None
    meant = find_meant_resource(request.connection, token, client.key)
    if meant is None:
        return None
    if _is_over(token):
        return _INACTIVE
    answer = _describe(token, meant.address, Resource(token.audience, meant.address))
    return answer if meant.organization is None else answer | {"organization": _tell(meant.organization)}


def _is_over(token: TokenSnapshot) -> bool:
    return token.is_expired() or token.is_revoked()


def _describe(token: TokenSnapshot, audience: str | list[str], resource: Resource) -> dict[str, Any]:
    """What the token may do, computed now from the consent as it is now; a refresh token may be for several."""
    scope = token.get_scope()
    payload: dict[str, Any] = {
        "active": True,
        "scope": scope,
        "sub": token.user_id or token.organization_id,
        "client_id": token.client_id,
        "aud": audience,
        "exp": int(token.ends_at.timestamp()),
    }
    if token.grant_id is not None:
        payload["grant_id"] = token.grant_id
        payload["authorization_details"] = consent_details(scope, token, resource.location)
    return payload


def _tell(organization: Organization) -> dict[str, str]:
    return {"id": organization.id, "slug": organization.slug, "name": organization.name}
