"""The places where a person is signed in: found, and ended."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from app import clock
from app.accounts.devices import describe_device
from app.accounts.models import Session
from app.config import settings
from app.database.rows import changed_rows
from app.extensions import db


@dataclass(frozen=True, slots=True)
class Place:
    """One session, as a person recognises it."""

    id: str
    device: str
    address: str
    since: datetime
    last_used_at: datetime
    is_this: bool


def list_places(user_id: str, session_id: str) -> list[Place]:
    """The person's live sessions: this one first, then by last use."""
    at = clock.now()
    idle_since = at - timedelta(seconds=settings().session_idle_lifetime)
    sessions = db.session.scalars(
        select(Session)
        .where(Session.user_id == user_id, Session.expires_at > at, Session.last_used_at > idle_since)
        .order_by(Session.last_used_at.desc(), Session.id)
    )
    places = [
        Place(
            id=one.id,
            device=describe_device(one.user_agent),
            address=one.address,
            since=one.issued_at,
            last_used_at=one.last_used_at,
            is_this=one.id == session_id,
        )
        for one in sessions
    ]
    return sorted(places, key=lambda place: not place.is_this)


def end_place(user_id: str, session_id: str) -> bool:
    """Sign the person out there; False when there is no such session of theirs. The caller commits."""
    ended = db.session.execute(delete(Session).where(Session.id == session_id, Session.user_id == user_id))
    return changed_rows(ended) == 1
