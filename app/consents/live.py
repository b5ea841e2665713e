"""Whether a consent is live: neither ended nor past the end that the person set for it. Nothing else decides that.

It is written once in SQL, as conditions for queries, and once in Python, for what a SELECT has read.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import BindParameter, ColumnElement, and_, or_

from app import clock

if TYPE_CHECKING:
    from app.consents.models import Consent

# -- in SQL --------------------------------------------------------------------------------------


def is_live(consent: type["Consent"], at: datetime | BindParameter[datetime] | None = None) -> ColumnElement[bool]:
    """Returns a condition on ``consent``: it is live at that moment, which is now unless given."""
    at = clock.now() if at is None else at
    return and_(is_open(consent), or_(consent.expires_at.is_(None), consent.expires_at > at))


def is_open(consent: type["Consent"]) -> ColumnElement[bool]:
    """Returns a condition on ``consent``: nobody has ended it, though its time may be over.

    At most one consent of a person, an app and an installation is open.
    """
    return consent.revoked_at.is_(None)


def ends_between(consent: type["Consent"], since: datetime, until: datetime) -> ColumnElement[bool]:
    """Returns a condition on ``consent``: its time is over then, and nobody has ended it before."""
    return and_(is_open(consent), consent.expires_at >= since, consent.expires_at <= until)


def was_live_since(consent: type["Consent"], since: datetime) -> ColumnElement[bool]:
    """Returns a condition on ``consent``: it is live, or was at some moment after ``since``."""
    return or_(is_live(consent), consent.revoked_at > since, consent.expires_at > since)


# -- in Python -----------------------------------------------------------------------------------


def has_ended(revoked_at: datetime | None, expires_at: datetime | None) -> bool:
    """Returns whether a consent with these two columns is no longer live."""
    return revoked_at is not None or _is_past(expires_at)


def has_run_out(revoked_at: datetime | None, expires_at: datetime | None) -> bool:
    """Returns whether its time is over, and nobody has ended it before."""
    return revoked_at is None and _is_past(expires_at)


def find_end(revoked_at: datetime | None, expires_at: datetime | None) -> datetime | None:
    """Returns when a consent with these two columns ended; None while it is live."""
    return (revoked_at or expires_at) if has_ended(revoked_at, expires_at) else None


def _is_past(expires_at: datetime | None) -> bool:
    """Returns whether the end that the person set, if any, has come."""
    return expires_at is not None and expires_at <= clock.now()
