"""Telling people of what they allow an app that is about to end by itself: each end once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, literal, select, tuple_
from sqlalchemy.orm import Session, joinedload

from app import clock
from app.accounts.models import User
from app.accounts.notices import notify
from app.accounts.notices.models import Notice
from app.accounts.state import is_open_account
from app.consents.live import ends_between
from app.consents.models import Consent
from app.consents.standing.attention import NEAR, find_attention

#: Where to go on: the end and the grant id of the last that was looked at.
Place = tuple[datetime, str]


def find_near_ends(connection: Connection, after: Place | None, most: int) -> tuple[Sequence[str], Place | None]:
    """Returns so many consents that end within the week, and that nobody was told of; and where to go on, None at the end.

    Not those that the person set so near themselves, those that are paused (:func:`find_attention`), and those of an
    account that is closed.
    """
    now, place = clock.now(), (Consent.expires_at, Consent.grant_id)
    query = select(Consent).options(joinedload(Consent.client)).order_by(*place).limit(most)
    query = query.join(User, User.id == Consent.user_id).where(is_open_account())
    query = query.where(ends_between(Consent, max(now, after[0]) if after else now, now + NEAR))
    if after is not None:
        last = tuple_(literal(after[0], Consent.expires_at.type), literal(after[1], Consent.grant_id.type))
        query = query.where(tuple_(*place) > last)
    with Session(connection) as session:
        found = list(session.scalars(query))
        near = [one for one in found if (why := find_attention(one)) is not None and why.ends_at is not None]
        of_people = Notice.user_id.in_({one.user_id for one in near})
        told = set(
            session.scalars(select(Notice.once).where(of_people, Notice.once.in_([once_of(one) for one in near])))
        )
        last_seen = (found[-1].expires_at, found[-1].grant_id) if len(found) == most else None
        untold = [one.grant_id for one in near if once_of(one) not in told]
    return untold, last_seen  # type: ignore[return-value]


def tell_near_ends(connection: Connection, grant_ids: Sequence[str]) -> int:
    """Tell the people whose consents these are. The caller commits. Returns how many were told."""
    with Session(connection) as session:
        query = select(Consent).options(joinedload(Consent.client)).where(Consent.grant_id.in_(grant_ids))
        count = 0
        for one in session.scalars(query.order_by(Consent.grant_id)):
            # Since it was found, the person may have ended it, or kept it.
            why = find_attention(one) if one.is_live() else None
            if why is not None and why.ends_at is not None:
                facts: dict[str, Any] = {
                    "app": one.called,
                    "grant_id": one.grant_id,
                    "ends_at": why.ends_at.isoformat(),
                }
                count += notify(session, one.user_id, "consent_ends", once=once_of(one), **facts)
        session.flush()
    return count


def once_of(consent: Consent) -> str:
    """Returns what tells two ends apart: one that is put off is told again."""
    assert consent.expires_at is not None
    return f"{consent.grant_id}/{consent.expires_at.isoformat(timespec='seconds')}"
