"""A sign-in that lacks only the second factor: kept here for ten minutes, and bound to the browser that began it."""

from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from app import clock
from app.accounts.factors.models import WaitingSignIn
from app.accounts.lock import lock_person
from app.accounts.models import User
from app.credentials import WAITING_SIGN_IN, digest, new_credential
from app.database.connections import Connection
from app.database.rows import changed_rows
from app.database.statements import Statement
from app.database.types import UtcDateTime

WAITS = timedelta(minutes=10)
#: So many of one person wait at a time.
MOST_OF_PERSON = 50

_FIND_WAITING = Statement(
    select(WaitingSignIn.digest, WaitingSignIn.user_id, WaitingSignIn.shown, User.email)
    .join(User, User.id == WaitingSignIn.user_id)
    .where(WaitingSignIn.digest == bindparam("digest"), WaitingSignIn.expires_at > bindparam("at", type_=UtcDateTime))
)


def begin_waiting(session: Session, user_id: str, shown: frozenset[str]) -> str:
    """Keep that a person has shown this. Returns the credential that the browser is to hold. The caller commits."""
    credential = new_credential(WAITING_SIGN_IN)
    lock_person(session, user_id)
    newest = (
        select(WaitingSignIn.digest).where(WaitingSignIn.user_id == user_id).order_by(WaitingSignIn.expires_at.desc())
    )
    session.execute(delete(WaitingSignIn).where(WaitingSignIn.digest.in_(newest.offset(MOST_OF_PERSON - 1))))
    session.add(
        WaitingSignIn(
            digest=digest(credential), user_id=user_id, shown=" ".join(sorted(shown)), expires_at=clock.now() + WAITS
        )
    )
    return credential


def find_waiting(connection: Connection, credential: str) -> Any:
    """Returns the sign-in that waits (``digest``, ``user_id``, ``email``, ``shown``), or None when it is over."""
    return connection.first(_FIND_WAITING, digest=digest(credential), at=clock.now())


def end_waiting(session: Session, waiting_digest: str) -> bool:
    """Let it wait no more. Returns whether it still did: one of two at the same moment goes on. The caller commits."""
    return changed_rows(session.execute(delete(WaitingSignIn).where(WaitingSignIn.digest == waiting_digest))) == 1


def end_all_waiting(session: Session, user_id: str) -> None:
    """End every sign-in of the person that waits. The caller commits."""
    session.execute(delete(WaitingSignIn).where(WaitingSignIn.user_id == user_id))
