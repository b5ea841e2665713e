"""Connections that have ended: all of them, and why those did that their person has not ended."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from app.consents.events import ENDED, PERSON, ConsentEvent, read_event
from app.consents.live import is_live
from app.consents.models import Consent
from app.extensions import db

PAGE_SIZE = 25


class Ending(Struct, frozen=True):
    """Who ended a connection, by the actors of :mod:`app.consents.events`, and since when nobody had used the app."""

    actor: str
    unused_since: datetime | None


def list_ended(user_id: str, page: int = 1, size: int = PAGE_SIZE) -> tuple[list[Consent], bool]:
    """Returns a page of what was ended or has come to its end, the latest first, and whether there is more."""
    found = db.session.scalars(
        select(Consent)
        .where(Consent.user_id == user_id, ~is_live(Consent))
        .options(joinedload(Consent.client))
        .order_by(func.coalesce(Consent.revoked_at, Consent.expires_at).desc(), Consent.grant_id)
        .limit(size + 1)
        .offset((page - 1) * size)
    ).all()
    return list(found[:size]), len(found) > size


def find_endings(user_id: str, consents: Sequence[Consent]) -> dict[str, Ending]:
    """Returns by the grant id how those ended that the person has not ended."""
    rows = db.session.scalars(
        select(ConsentEvent).where(
            ConsentEvent.user_id == user_id,
            ConsentEvent.grant_id.in_([consent.grant_id for consent in consents]),
            ConsentEvent.kind == ENDED,
            ConsentEvent.actor != PERSON,
        )
    )
    return {event.grant_id: _describe(event) for event in rows}


def _describe(event: ConsentEvent) -> Ending:
    since = read_event(event).changed.get("unused_since")
    return Ending(event.actor, None if since is None else datetime.fromisoformat(since))
