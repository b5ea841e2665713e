"""A code that is written only while all that it rests on is as it was read: the app, the consent, the session.

The decision is made by a look that holds nothing. So the write looks once more and holds what it sees: on PostgreSQL
in one statement, whose locks let nobody change the app or the consent before it is done, and on SQLite in a transaction
that has the whole database.
"""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Boolean, ColumnElement, String, and_, bindparam, false, insert, select

from app.accounts.models import Session, User
from app.accounts.state import is_open_account
from app.clients.models import Client, ClientSnapshot
from app.consents.live import is_live
from app.consents.models import Consent
from app.database.connections import Connection
from app.database.locks import to_rely_on
from app.database.statements.decisions import Added, Decision
from app.database.types import Lines, UtcDateTime, UtcMicroseconds
from app.oauth.standing import StandingConsent
from app.oauth.tokens.asked import as_columns
from app.oauth.tokens.code import AuthorizationCode
from app.oauth.tokens.family import TokenFamily


class Basis(Struct, frozen=True):
    """What the code rests on, as it was read: who is signed in by which session, the app, and what they allow it."""

    session_digest: str
    person_id: str
    client: ClientSnapshot
    consent: StandingConsent


_PERSON_IS_THERE = and_(
    User.id == bindparam("person"),
    Session.user_id == User.id,
    Session.expires_at > bindparam("at", type_=UtcDateTime()),
    is_open_account(),
)
# All that the checks and the consent ask of an app, but for its type and its origin, which never change.
_APP_IS_AS_IT_WAS = and_(
    Client.suspended_at.is_(None),
    Client.ended_at.is_(None),
    Client.redirect_uris == bindparam("redirect_uris", type_=Lines()),
    Client.scope == bindparam("client_scope", type_=String()),
    Client.optional_scope == bindparam("optional_scope", type_=String()),
    Client.implies_profile == bindparam("implies_profile", type_=Boolean()),
    Client.native_app == bindparam("native_app", type_=Boolean()),
    Client.require_pkce == bindparam("require_pkce", type_=Boolean()),
    # Else it would have been refused.
    Client.require_pushed.is_(false()),
)
_CONSENT_IS_AS_IT_WAS = and_(
    is_live(Consent, bindparam("at", type_=UtcDateTime())),
    Consent.paused_at.is_(None),
    Consent.scope == bindparam("consent_scope", type_=String()),
    Consent.declined_scope == bindparam("declined_scope"),
    Consent.resources == bindparam("consent_resources"),
)
# Of the person's own rows none is held: a session may end a moment after its last code, and while an account is closed
# no code of it is redeemed.
_BASIS = to_rely_on(
    select(Consent.grant_id)
    .select_from(Session)
    .join(User, _PERSON_IS_THERE)
    .join(Client, and_(Client.key == bindparam("client_key"), _APP_IS_AS_IT_WAS))
    .join(Consent, and_(Consent.client_key == Client.key, Consent.user_id == User.id, _CONSENT_IS_AS_IT_WAS))
    .where(Session.digest == bindparam("session_digest"), Consent.grant_id == bindparam("grant")),
    Client,
    Consent,
)

_FAMILY: dict[str, ColumnElement[Any]] = {
    "issued_at": bindparam("issued_at", type_=UtcMicroseconds()),
    "keeps_first_end": bindparam("keeps_first_end", type_=Boolean()),
    "names_profile": bindparam("names_profile", type_=Boolean()),
}
_ISSUED = (
    *("digest", "client_key", "family_id", "audience", "resources"),
    *("redirect_uri", "scope", "code_challenge", "issued_at", "expires_at"),
)
_ISSUE = Decision(
    insert(TokenFamily)
    .from_select(["grant_id", *_FAMILY], _BASIS.add_columns(*_FAMILY.values()), include_defaults=False)
    .returning(TokenFamily.id.label("family_id")),
    Added(AuthorizationCode, {name: name for name in _ISSUED}),
)


def add_code_while(
    basis: Basis,
    connection: Connection,
    *,
    digest: str,
    redirect_uri: str,
    scope: str,
    code_challenge: str | None,
    issued_at: datetime,
    expires_at: datetime,
    audience: str,
    names_profile: bool | None,
) -> bool:
    """Add a family and its code. Returns False, and adds nothing, when something of the basis is no more as it was."""
    values = {
        **_read(basis),
        "at": issued_at,
        "keeps_first_end": basis.client.keeps_first_refresh_end,
        "names_profile": names_profile,
        "digest": digest,
        **as_columns(audience),
        "redirect_uri": redirect_uri,
        "scope": scope,
        "code_challenge": code_challenge,
        "issued_at": issued_at,
        "expires_at": expires_at,
    }
    return connection.decide(_ISSUE, **values) is not None


def _read(basis: Basis) -> dict[str, Any]:
    """Returns what is compared."""
    client, consent = basis.client, basis.consent
    return {
        "person": basis.person_id,
        "session_digest": basis.session_digest,
        "client_key": client.key,
        "redirect_uris": client.redirect_uris,
        "client_scope": client.scope,
        "optional_scope": client.optional_scope,
        "implies_profile": client.implies_profile,
        "native_app": client.native_app,
        "require_pkce": client.require_pkce,
        "grant": consent.grant_id,
        "consent_scope": consent.scope,
        "declined_scope": consent.declined_scope,
        "consent_resources": consent.resources,
    }
