"""The places where a person is signed in: found, and ended."""

from collections.abc import Collection
from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import delete, select

from app import clock
from app.accounts.models import Session
from app.accounts.places.devices import describe_device
from app.accounts.places.known import list_known_places
from app.accounts.places.models import KnownPlace
from app.config import settings
from app.database.rows import changed_rows
from app.extensions import db
from app.limits.networks import network_of
from app.sentences import _

#: What a person may have shown at a sign-in, in the order in which it is said.
_SHOWN = {
    "password": _("with a password"),
    "passkey": _("with a passkey"),
    "link": _("by a link in a letter"),
    "totp": _("with a code from an app"),
    "recovery": _("with a recovery code"),
}


class Place(Struct, frozen=True):
    """One session, as a person recognises it. ``known`` is the network that it began in, None where that was forgotten.

    ``is_here`` tells that it began in the network that the page is seen from. ``shown`` is how they signed in.
    """

    id: str
    device: str
    address: str
    since: datetime
    last_used_at: datetime
    is_this: bool
    is_here: bool
    known: KnownPlace | None
    shown: list[str]


def list_places(user_id: str, session_id: str, address: str = "") -> list[Place]:
    """Returns the person's live sessions: this one first, then by last use. ``address`` is where the page is seen from."""
    at = clock.now()
    idle_since = at - timedelta(seconds=settings().session_idle_lifetime)
    sessions = db.session.scalars(
        select(Session)
        .where(Session.user_id == user_id, Session.expires_at > at, Session.last_used_at > idle_since)
        .order_by(Session.last_used_at.desc(), Session.id)
    )
    known = list_known_places(db.session(), user_id)
    places = [
        Place(
            id=one.id,
            device=describe_device(one.user_agent),
            address=one.address,
            since=one.issued_at,
            last_used_at=one.last_used_at,
            is_this=one.id == session_id,
            is_here=bool(one.address) and network_of(one.address) == network_of(address),
            known=known.get(network_of(one.address)),
            shown=_say_shown(one.shown.split()),
        )
        for one in sessions
    ]
    return sorted(places, key=lambda place: not place.is_this)


def find_begin(user_id: str, session_id: str) -> datetime | None:
    """Returns when one of the person's sessions began; None when there is no such session of theirs."""
    return db.session.scalar(select(Session.issued_at).where(Session.id == session_id, Session.user_id == user_id))


def end_place(user_id: str, session_id: str) -> bool:
    """Sign the person out there. The caller commits. Returns False when there is no such session of theirs."""
    ended = db.session.execute(delete(Session).where(Session.id == session_id, Session.user_id == user_id))
    return changed_rows(ended) == 1


def _say_shown(shown: Collection[str]) -> list[str]:
    return [says for name, says in _SHOWN.items() if name in shown]
