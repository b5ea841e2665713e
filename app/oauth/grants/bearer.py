"""What the token endpoint issues (:rfc:`6750`): made, stored as digests, and answered, the same way by every grant."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from msgspec import Struct

from app import clock, credentials
from app.clients.models import ClientSnapshot
from app.clients.models.seen import SeenClient
from app.config import Settings
from app.consents.details import describe_mementos
from app.consents.reach import Told, reached_mementos
from app.database.connections import Connection
from app.oauth.resources import Resource, put_first
from app.oauth.tokens.access import add_access_token
from app.oauth.tokens.asked import as_columns
from app.oauth.tokens.code import CodeSnapshot
from app.oauth.tokens.family import FAMILY_LIFETIME
from app.oauth.tokens.snapshot import TokenSnapshot
from app.oauth.tokens.while_seen import Used
from app.scopes import parse_scope, with_offline_access

#: What tokens are issued for: a code that is redeemed, or a refresh token that is used.
Origin = CodeSnapshot | TokenSnapshot

#: Status, body and headers of the token endpoint's answer.
TokenAnswer = tuple[int, dict[str, Any], list[tuple[str, str]]]


class BearerTokens(Struct):
    """Fresh tokens, in plain text for the only time. ``refresh_token`` is None when none is issued.

    ``expires_in`` is what the client is told of the access token, in seconds. What is stored may last longer: a
    consent's end can still be put off.
    """

    # Shows none of its values.
    __repr__ = object.__repr__

    access_token: str
    refresh_token: str | None
    scope: str
    refresh_scope: str
    client_key: str
    family_id: int | None
    audience: Resource
    refresh_audience: str
    issued_at: datetime
    access_token_expires_at: datetime
    refresh_token_expires_at: datetime
    expires_in: int


def new_bearer_tokens(
    settings: Settings,
    *,
    scope: str,
    client: ClientSnapshot,
    audience: Resource,
    origin: Origin | None = None,
    refresh_scope: str | None = None,
    refresh_token: str | None = None,
    refresh_until: datetime | None = None,
    asked_offline: bool = False,
) -> BearerTokens:
    """Returns an access token for ``scope`` at the resource ``audience`` and, given ``refresh_scope``, a refresh token for that.

    They live as long as the client is registered for, and never longer than the server's own settings, nor than the
    family of ``origin``; that is None for tokens that belong to an organization. ``refresh_token`` sets the refresh
    token's text when it must not be random, ``refresh_until`` when it ends at the latest.
    """
    if refresh_scope is not None and refresh_token is None:
        refresh_token = new_refresh_token(asked_offline=asked_offline)
    issued_at = clock.now()
    access_ends = issued_at + _lifetime(client.access_token_lifetime, settings.access_token_lifetime)
    refresh_ends = issued_at + _lifetime(client.refresh_token_lifetime, settings.refresh_token_lifetime)
    if origin is not None:
        # Whatever tokens are issued for has a family.
        assert origin.family_issued_at is not None
        family_ends = origin.family_issued_at + FAMILY_LIFETIME
        access_ends, refresh_ends = min(access_ends, family_ends), min(refresh_ends, family_ends)
    if refresh_until is not None:
        refresh_ends = min(refresh_ends, refresh_until)
    consent_ends = None if origin is None else origin.consent_expires_at
    told_end = access_ends if consent_ends is None else min(access_ends, consent_ends)
    return BearerTokens(
        access_token=credentials.new_credential(credentials.ACCESS_TOKEN),
        refresh_token=refresh_token,
        scope=scope,
        refresh_scope=refresh_scope or "",
        client_key=client.key,
        family_id=None if origin is None else origin.family_id,
        audience=audience,
        refresh_audience=audience.name if origin is None else put_first(audience.name, origin.audience),
        issued_at=issued_at,
        access_token_expires_at=access_ends,
        refresh_token_expires_at=refresh_ends,
        expires_in=int((told_end - issued_at).total_seconds()),
    )


def new_refresh_token(*, asked_offline: bool) -> str:
    """Returns a random one, which tells whether ``offline_access`` was asked for."""
    return credentials.new_credential(credentials.REFRESH_TOKEN) + (credentials.ASKED_OFFLINE if asked_offline else "")


# There are as many as settings of the server and of clients.
@lru_cache(maxsize=256)
def _lifetime(client_own: int | None, most: int) -> timedelta:
    return timedelta(seconds=most if client_own is None else min(client_own, most))


def add_own_token(connection: Connection, tokens: BearerTokens, seen: SeenClient | None = None) -> None:
    """Store the digest of an access token that belongs to an organization. Raises :class:`RowGone`.

    ``seen`` is the client that it is for where it was not looked up, see :func:`add_access_token`.
    """
    add_access_token(
        connection,
        digest=credentials.digest(tokens.access_token),
        client_key=tokens.client_key,
        family_id=None,
        audience=tokens.audience.name,
        scope=tokens.scope,
        issued_at=tokens.issued_at,
        expires_at=tokens.access_token_expires_at,
        seen=seen,
    )


def stored_values(tokens: BearerTokens) -> dict[str, Any]:
    """Returns what is stored of tokens that have a family, for the decision that they may exist."""
    values = {
        "client_key": tokens.client_key,
        "family_id": tokens.family_id,
        "issued_at": tokens.issued_at,
        "access_digest": credentials.digest(tokens.access_token),
        "access_audience": tokens.audience.name,
        "access_scope": tokens.scope,
        "access_expires_at": tokens.access_token_expires_at,
    }
    if tokens.refresh_token is not None:
        asked = as_columns(tokens.refresh_audience)
        values |= {
            "refresh_digest": credentials.digest(tokens.refresh_token),
            "refresh_audience": asked["audience"],
            "refresh_resources": asked["resources"],
            "refresh_scope": tokens.refresh_scope,
            "refresh_expires_at": tokens.refresh_token_expires_at,
        }
    return values


def bearer_response(
    settings: Settings, tokens: BearerTokens, consent: Origin | Used | None = None, *, asked_offline: bool = False
) -> dict[str, Any]:
    """Returns the token endpoint's answer (:rfc:`6749#section-5.1`).

    ``consent`` is what was read of a code's or a token's; None for tokens that belong to an organization. ``asked_offline``
    says whether ``offline_access`` was asked for, which is told back.
    """
    response: dict[str, Any] = {
        "access_token": tokens.access_token,
        "token_type": "Bearer",
        "expires_in": tokens.expires_in,
        "scope": with_offline_access(tokens.scope) if asked_offline else tokens.scope,
    }
    if tokens.refresh_token is not None:
        response["refresh_token"] = tokens.refresh_token
    if consent is not None:
        response["grant_id"] = consent.grant_id
        response["authorization_details"] = consent_details(tokens.scope, consent, tokens.audience.location)
    return response


def consent_details(scope: str, consent: Told, place: str) -> list[dict[str, Any]]:
    """Returns the ``authorization_details`` of a scope under a consent: mementos only for a scope that looks through them.

    ``place`` is where they are used (:attr:`Resource.location`).
    """
    return describe_mementos(reached_mementos(consent), parse_scope(scope), place)
