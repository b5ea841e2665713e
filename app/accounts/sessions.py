"""Where a person is signed in: made at sign-in, found on every page, ended at sign-out."""

from collections.abc import Set
from datetime import datetime, timedelta
from typing import Any

from flask_login import UserMixin
from msgspec import Struct
from sqlalchemy import Select, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session as OrmSession

from app import clock
from app.accounts.factors.waiting import end_all_waiting
from app.accounts.lock import lock_person
from app.accounts.models import Session, User
from app.accounts.places.known import note_place
from app.accounts.state import is_open_account
from app.config import settings
from app.credentials import SESSION, digest, new_credential, new_id
from app.database.connections import Connection, connect
from app.database.rows import changed_rows
from app.database.session_connection import SessionConnection
from app.database.statements import Statement
from app.database.types import UtcDateTime
from app.extensions import db
from app.http.services import services
from app.last_uses import INTERVAL, LastUses, Used
from app.services import Services

#: In so many places one person can be signed in at a time.
MOST_OF_PERSON = 100


class SessionOver(Exception):
    """The session was ended, elsewhere, while its person did something in it."""


class SignedIn(UserMixin, Struct, eq=False):
    """The person behind a request, as one SELECT saw them.

    ``issued_at`` is when they last showed who they are, ``shown`` by what (:mod:`app.accounts.factors`).
    """

    # Shows none of its values.
    __repr__ = object.__repr__

    id: str
    name: str
    email: str
    email_is_verified: bool
    time_zone: str | None
    session_id: str
    issued_at: datetime
    shown: frozenset[str]
    is_operator: bool
    credential: str

    def get_id(self) -> str:
        """Returns what Flask-Login keeps in the cookie: not who it is, but the credential of this one session."""
        return self.credential


def select_signed_in(*columns: Any) -> Select[Any]:
    """Returns a SELECT of these columns of whoever is signed in by the session ``digest`` at the moment ``at``.

    Whether it was idle for too long is asked afterwards: :func:`note_visit`.
    """
    return (
        select(*columns)
        .select_from(Session)
        .join(User, User.id == Session.user_id)
        .where(
            Session.digest == bindparam("digest"),
            Session.expires_at > bindparam("at", type_=UtcDateTime),
            is_open_account(),
        )
    )


_FIND_SIGNED_IN = Statement(
    select_signed_in(
        User.id,
        User.name,
        User.email,
        User.email_verified_at.is_not(None).label("email_is_verified"),
        User.time_zone,
        Session.id.label("session_id"),
        Session.issued_at,
        Session.shown,
        Session.last_used_at,
        User.is_operator,
    )
)

_USED_LAST = select(Session.digest).where(Session.user_id == bindparam("user_id")).order_by(Session.last_used_at.desc())
_CUT_OFF = Statement(delete(Session).where(Session.digest.in_(_USED_LAST.offset(MOST_OF_PERSON - 1))))
_INSERT_SESSION = Statement(
    insert(Session).values({column.name: bindparam(column.name) for column in Session.__table__.columns})
)
_END_SESSION = Statement(delete(Session).where(Session.digest == bindparam("digest")))

_SESSION_USED = Used(Session.digest, Session.last_used_at)


def start_session(user: User, *, address: str, user_agent: str, shown: Set[str] = frozenset({"password"})) -> str:
    """Add a session for the person. Returns the credential that the browser is to hold. The caller commits.

    ``shown`` is what they showed. Every way to sign in ends in :func:`app.accounts.signing_in.finish_sign_in`.
    Of one person the :data:`MOST_OF_PERSON` used last are kept, however often a program signs in.
    """
    credential = new_credential(SESSION)
    at = clock.now()
    connection = SessionConnection(db.session())
    # Two sign-ins at once cut off one after the other.
    lock_person(db.session(), user.id)
    connection.run(_CUT_OFF, user_id=user.id)
    connection.run(
        _INSERT_SESSION,
        id=new_id("ses"),
        digest=digest(credential),
        user_id=user.id,
        issued_at=at,
        last_used_at=at,
        expires_at=at + timedelta(seconds=settings().session_lifetime),
        # Shown in the list of sessions; PostgreSQL stores no NUL and no more than the column holds.
        address=address.replace("\x00", "")[:45],
        user_agent=user_agent.replace("\x00", "")[:300],
        shown=" ".join(sorted(shown)),
    )
    note_place(db.session(), user.id, address)
    return credential


def find_signed_in(credential: str, connection: Connection | None = None) -> SignedIn | None:
    """Returns who is signed in with this credential; None when it is unknown, ended, expired or idle for too long,
    and while the account is not open.

    ``connection`` is given where the session is not committed yet.
    """
    session_digest = digest(credential)
    with connection or connect(db.engine) as asked:
        row = asked.first(_FIND_SIGNED_IN, digest=session_digest, at=clock.now())
    if row is None or is_idle(services(), session_digest, row.last_used_at):
        return None
    note_visit(services(), session_digest, row.last_used_at)
    shown = frozenset(row.shown.split())
    return SignedIn(
        row.id,
        row.name,
        row.email,
        bool(row.email_is_verified),
        row.time_zone,
        row.session_id,
        row.issued_at,
        shown,
        row.is_operator,
        credential,
    )


def is_idle(services: Services, session_digest: str, last_used_at: datetime) -> bool:
    """Returns whether a session was idle for too long; ``last_used_at`` is what the database says of it."""
    # While the database cannot be written, this process knows better than it says.
    noted = services.notes.of(LastUses).find(_SESSION_USED, session_digest)
    return max(last_used_at, noted or last_used_at) <= clock.now() - _idle_lifetime(services)


def note_visit(services: Services, session_digest: str, last_used_at: datetime) -> None:
    """Note that a session was used now, unless that was noted a moment ago."""
    interval = min(INTERVAL, _idle_lifetime(services) / 6)
    services.notes.of(LastUses).note(_SESSION_USED, session_digest, last_used_at, interval)


def _idle_lifetime(services: Services) -> timedelta:
    return timedelta(seconds=services.settings.session_idle_lifetime)


def end_session(session_digest: str) -> None:
    """End the session with this digest, so that its credential is dead wherever it is. The caller commits."""
    SessionConnection(db.session()).run(_END_SESSION, digest=session_digest)


def end_sessions(session: OrmSession, user_id: str, but: str | None = None) -> int:
    """Sign the person out everywhere, but for the session with the id ``but``. Returns how many ended. The caller commits.

    Nor does a sign-in go on that waits for its second factor.
    """
    end_all_waiting(session, user_id)
    ended = delete(Session).where(Session.user_id == user_id)
    if but is not None:
        ended = ended.where(Session.id != but)
    return changed_rows(session.execute(ended))


def note_shown(session: OrmSession, signed_in: SignedIn, factor: str) -> None:
    """Note that the person has shown this too, in the session they are signed in with. The caller commits.

    Raises :class:`SessionOver` where that has ended by now: who ended it did not mean to leave a way in behind.
    """
    shown = " ".join(sorted({*signed_in.shown, factor}))
    noted = update(Session).where(Session.id == signed_in.session_id).values(shown=shown)
    if changed_rows(session.execute(noted)) != 1:
        raise SessionOver
