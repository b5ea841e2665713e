"""How an app stands with a person: one look at the database, when an authorization request comes in."""

from datetime import datetime
from typing import Any, NamedTuple

from msgspec import Struct
from sqlalchemy import and_, bindparam, select

from app import clock
from app.accounts.models import Session, User
from app.accounts.sessions import select_signed_in
from app.clients.models import CLIENT_COLUMNS, Client, ClientSnapshot
from app.consents.live import is_live
from app.consents.models import ONLY, Consent
from app.database.connections import Connection
from app.database.statements import Statement
from app.database.types import UtcDateTime


class StandingConsent(Struct):
    """A live consent as that look saw it."""

    grant_id: str
    scope: str
    declined_scope: str
    resources: str
    paused_at: datetime | None


class Standing(NamedTuple):
    """The app, and what the person allows it: None where that is nothing."""

    client: ClientSnapshot
    consent: StandingConsent | None


class Visit(NamedTuple):
    """The person behind a session, when that was last used, and how the app that asks stands with them."""

    person_id: str
    last_used_at: datetime
    standing: Standing


_CONSENT_COLUMNS = (
    Consent.grant_id,
    Consent.scope.label("consent_scope"),
    Consent.declined_scope,
    Consent.resources,
    Consent.paused_at,
)
_IS_ASKED = and_(Client.client_id == bindparam("client_id"), Client.ended_at.is_(None))
_IS_ALLOWED = and_(
    Consent.client_key == Client.key,
    Consent.installation == ONLY,
    is_live(Consent, bindparam("at", type_=UtcDateTime())),
)

_FIND_STANDING = Statement(
    select(*CLIENT_COLUMNS, *_CONSENT_COLUMNS)
    .select_from(Client)
    .outerjoin(Consent, and_(Consent.user_id == bindparam("person"), _IS_ALLOWED))
    .where(_IS_ASKED)
)
_FIND_VISIT = Statement(
    select_signed_in(User.id.label("person_id"), Session.last_used_at, *CLIENT_COLUMNS, *_CONSENT_COLUMNS)
    .join(Client, _IS_ASKED)
    .join(Consent, and_(Consent.user_id == User.id, _IS_ALLOWED))
)


def find_standing(connection: Connection, client_id: str, person_id: str) -> Standing | None:
    """Returns how the app stands with the person; None where there is no such app."""
    row = connection.first(_FIND_STANDING, client_id=client_id, person=person_id, at=clock.now())
    return None if row is None else _read(row)


def find_visit(connection: Connection, session_digest: str, client_id: str) -> Visit | None:
    """Returns the visit of a person who allows the app something; None where there is none of all that.

    Whether the session was idle for too long is still to be asked.
    """
    row = connection.first(_FIND_VISIT, digest=session_digest, client_id=client_id, at=clock.now())
    return None if row is None else Visit(row[0], row[1], _read(row[2:]))


def _read(row: Any) -> Standing:
    client, consent = row[: len(CLIENT_COLUMNS)], row[len(CLIENT_COLUMNS) :]
    return Standing(ClientSnapshot(*client), None if consent[0] is None else StandingConsent(*consent))
