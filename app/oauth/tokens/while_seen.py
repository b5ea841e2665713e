"""A code or a refresh token that is found and used at once, for a client that is as it was seen a moment ago.

It is only for one about which there is nothing to decide: whatever the grant could refuse, shorten or narrow lies far
away. Each condition below takes something away, so none of them says what becomes of one that does not fit. That is for
the grant, which looks it up.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, literal_column, select, update
from sqlalchemy.types import String

from app.accounts.state import is_open_account
from app.clients.models import Client, ClientSecret
from app.clients.models.seen import SeenClient, is_as_seen
from app.consents.choice import Choice, select_choice
from app.consents.live import is_live
from app.consents.memory_setting import Person, select_setting
from app.consents.models import Consent
from app.consents.resources import API, MCP
from app.consents.saved import select_saved
from app.database.connections import Connection
from app.database.locks import to_refer_to
from app.database.statements.decisions import Added, Decision
from app.database.types import UtcDateTime
from app.oauth.tokens.access import ADDED_ACCESS_TOKEN
from app.oauth.tokens.code import AuthorizationCode
from app.oauth.tokens.family import FAMILY_LIFETIME, TokenFamily
from app.oauth.tokens.refresh import ADDED_REFRESH_TOKEN, RefreshToken


class Used(Protocol):
    """What the answer needs of what was used."""

    scope: str
    audience: str
    grant_id: str
    consent_last_used_at: datetime | None
    choice: Choice
    saved_memento_id: str | None
    memory_setting: str | None


# Written out where it is always the same: a value of its own would cost more.
_OURS: list[Any] = [literal_column(f"'{name}'") for name in (API, MCP)]
_EMPTY: Any = literal_column("''")
# No column that an index has: by that one PostgreSQL would read every family of every consent, where it guesses that few
# consents allow what the token says.
_OWN_GRANT = TokenFamily.grant_id.concat(_EMPTY)

_FAMILY_IS_PLAIN = and_(
    TokenFamily.revoked_at.is_(None),
    # It lives longer than all that is added.
    TokenFamily.issued_at > bindparam("family_since"),
    TokenFamily.keeps_first_end.is_not(True),
    TokenFamily.names_profile.is_not(None),
)
_CONSENT_IS_PLAIN = and_(
    Consent.paused_at.is_(None),
    # It lives longer than the access token.
    is_live(Consent, bindparam("access_end", type_=UtcDateTime())),
    is_open_account(Person),
)


def _find(token: Any, *more: ColumnElement[bool], relied_on: Sequence[str] = ()) -> Select[*tuple[Any, ...]]:
    """Returns the SELECT of a code or a token of this class that is plain, by the parameter ``token_digest``."""
    is_plain = (
        token.expires_at > bindparam("issued_at"),
        # It is for one resource of ours: none is to be chosen, and none to be looked up.
        token.audience.in_(_OURS),
        token.resources.is_(None),
        # The client's registration and the person still allow all that it says.
        token.scope != _EMPTY,
        func.lies_within(token.scope, bindparam("seen_scope", type_=String())),
        func.lies_within(token.scope, Consent.scope),
        *more,
    )
    found: Select[*tuple[Any, ...]] = (
        select(
            token.family_id,
            token.scope,
            token.audience,
            Consent.grant_id,
            Consent.last_used_at.label("consent_last_used_at"),
            select_choice().label("choice"),
            select_saved(Consent).label("saved_memento_id"),
            select_setting().label("memory_setting"),
        )
        .join(Client, and_(Client.key == token.client_key, Client.ended_at.is_(None)))
        .join(ClientSecret, is_as_seen(*relied_on))
        .join(TokenFamily, and_(TokenFamily.id == token.family_id, _FAMILY_IS_PLAIN))
        .join(Consent, Consent.grant_id == _OWN_GRANT)
        .join(Person, and_(Person.id == Consent.user_id, _CONSENT_IS_PLAIN))
        .where(token.digest == bindparam("token_digest"), Client.key == bindparam("client_key"), *is_plain)
    )
    # They are held before the code or the token, see app.oauth.tokens.family.is_held.
    return to_refer_to(found, Client, TokenFamily)


def _followed(added: Added) -> Added:
    """What the presented token says itself is taken from it."""
    values = {name: value for name, value in added.values.items() if name != "resources"}
    return Added(added.model, {**values, "scope": "scope", "audience": "audience"})


_ROTATE_WHILE_SEEN = Decision(
    update(RefreshToken)
    .where(RefreshToken.digest == bindparam("token_digest"), RefreshToken.rotated_at.is_(None))
    .values(
        rotated_at=bindparam("issued_at"),
        successor_digest=bindparam("refresh_digest"),
        successor_salt=bindparam("successor_salt"),
    )
    .returning(RefreshToken.rotated_at),
    _followed(ADDED_ACCESS_TOKEN),
    _followed(ADDED_REFRESH_TOKEN),
    finds=_find(RefreshToken),
)
_REDEEM_WHILE_SEEN = Decision(
    update(AuthorizationCode)
    .where(AuthorizationCode.digest == bindparam("token_digest"), AuthorizationCode.redeemed_at.is_(None))
    .values(redeemed_at=bindparam("issued_at"))
    .returning(AuthorizationCode.redeemed_at),
    _followed(ADDED_ACCESS_TOKEN),
    _followed(ADDED_REFRESH_TOKEN),
    finds=_find(
        AuthorizationCode,
        AuthorizationCode.redirect_uri == bindparam("redirect_uri"),
        AuthorizationCode.code_challenge.is_not_distinct_from(bindparam("code_challenge", type_=String())),
        relied_on=("redirect_uris", "native_app"),
    ),
)


def rotate_while_seen(
    connection: Connection,
    token_digest: str,
    seen: SeenClient,
    tokens: Mapping[str, Any],
    *,
    successor_salt: str | None,
) -> Used | None:
    """Mark a refresh token rotated, and add ``tokens``: what is stored of them, but for what the presented one says.

    Returns None, and has done nothing, when anything about the token or its client is not plain.
    """
    return _use(_ROTATE_WHILE_SEEN, connection, token_digest, seen, tokens, successor_salt=successor_salt)


def redeem_while_seen(
    connection: Connection,
    code_digest: str,
    seen: SeenClient,
    tokens: Mapping[str, Any],
    *,
    redirect_uri: str,
    code_challenge: str | None,
) -> Used | None:
    """Returns the same of a code, which is for this redirect URI and was asked for with this challenge, or without one."""
    asked = {"redirect_uri": redirect_uri, "code_challenge": code_challenge}
    return _use(_REDEEM_WHILE_SEEN, connection, code_digest, seen, tokens, **asked)


def _use(
    decision: Decision,
    connection: Connection,
    token_digest: str,
    seen: SeenClient,
    tokens: Mapping[str, Any],
    **values: str | None,
) -> Used | None:
    access_end, refresh_end = tokens["access_expires_at"], tokens["refresh_expires_at"]
    used: Used | None = connection.decide(
        decision,
        token_digest=token_digest,
        access_end=access_end,
        family_since=max(access_end, refresh_end) - FAMILY_LIFETIME,
        at=tokens["issued_at"],
        **tokens,
        **seen.values,
        **values,
    )
    return used
