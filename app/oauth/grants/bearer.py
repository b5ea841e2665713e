"""What the token endpoint issues (:rfc:`6750`): made, stored as digests, and answered, the same way by every grant."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app import clock, credentials
from app.config import settings
from app.database import Connection
from app.oauth.memento_details import describe_mementos
from app.oauth.models.client import ClientSnapshot
from app.oauth.models.token import add_access_token, add_refresh_token
from app.oauth.reach import consent_reach
from app.oauth.scopes import parse_scope


@dataclass(slots=True, repr=False)
class BearerTokens:
    """Fresh tokens, in plain text for the only time. ``refresh_token`` is None when none is issued."""

    access_token: str
    refresh_token: str | None
    scope: str
    refresh_scope: str
    client_id: str
    access_token_lifetime: int
    refresh_token_lifetime: int
    issued_at: datetime
    family_id: str | None = None


def new_bearer_tokens(
    *, scope: str, client: ClientSnapshot, refresh_scope: str | None = None, refresh_token: str | None = None
) -> BearerTokens:
    """An access token for ``scope`` and, given ``refresh_scope``, a refresh token for that.

    They live as long as the client is registered for, and never longer than the server's own settings.
    ``refresh_token`` sets the refresh token's text when it must not be random.
    """
    if refresh_scope is not None and refresh_token is None:
        refresh_token = credentials.new_credential(credentials.REFRESH_TOKEN)
    return BearerTokens(
        access_token=credentials.new_credential(credentials.ACCESS_TOKEN),
        refresh_token=refresh_token,
        scope=scope,
        refresh_scope=refresh_scope or "",
        client_id=client.client_id,
        access_token_lifetime=_lifetime(client.access_token_lifetime, settings().access_token_lifetime),
        refresh_token_lifetime=_lifetime(client.refresh_token_lifetime, settings().refresh_token_lifetime),
        issued_at=clock.now(),
    )


def _lifetime(client_own: int | None, most: int) -> int:
    return most if client_own is None else min(client_own, most)


def add_bearer_tokens(connection: Connection, tokens: BearerTokens, *, with_refresh_token: bool = True) -> None:
    """Store the digests. To be called in the transaction that decided that they may exist."""
    add_access_token(
        connection,
        **_stored(tokens.access_token, tokens, tokens.scope, tokens.access_token_lifetime),
    )
    if tokens.refresh_token is not None and with_refresh_token:
        add_refresh_token(
            connection,
            **_stored(tokens.refresh_token, tokens, tokens.refresh_scope, tokens.refresh_token_lifetime),
        )


def _stored(token: str, tokens: BearerTokens, scope: str, lifetime: int) -> dict[str, Any]:
    return {
        "digest": credentials.digest(token),
        "hint": credentials.hint(token),
        "client_id": tokens.client_id,
        "family_id": tokens.family_id,
        "scope": scope,
        "issued_at": tokens.issued_at,
        "expires_at": tokens.issued_at + timedelta(seconds=lifetime),
    }


def bearer_response(tokens: BearerTokens, consent=None) -> dict[str, Any]:
    """The token endpoint's answer (:rfc:`6749#section-5.1`).

    ``consent`` is a code's or a token's snapshot; None for tokens that belong to an organization.
    """
    response: dict[str, Any] = {
        "access_token": tokens.access_token,
        "token_type": "Bearer",
        "expires_in": tokens.access_token_lifetime,
        "scope": tokens.scope,
    }
    if tokens.refresh_token is not None:
        response["refresh_token"] = tokens.refresh_token
    if consent is not None:
        response["grant_id"] = consent.grant_id
        response["authorization_details"] = consent_details(tokens.scope, consent)
    return response


def consent_details(scope: str, consent) -> list[dict[str, Any]]:
    """The ``authorization_details`` of a scope under a consent: mementos only for a scope that looks through them."""
    return describe_mementos(consent_reach(consent), parse_scope(scope), settings().issuer)
