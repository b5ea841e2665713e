"""Why a connection ended that its person has not ended: told beside it, for as long as what an app did is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select

from app import clock
from app.consents.events import ENDED, PERSON, ConsentEvent, read_event
from app.consents.models import Consent
from app.extensions import db

_TOLD_FOR = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Ending:
    """Who ended a connection, by the actors of :mod:`app.consents.events`, and since when nobody had used the app."""

    actor: str
    unused_since: datetime | None


def was_ended_for_them() -> ColumnElement[bool]:
    """Returns a condition on a consent: somebody else than its person has ended it, not long ago."""
    return select(ConsentEvent.id).where(ConsentEvent.grant_id == Consent.grant_id, *_is_told(Consent.user_id)).exists()


def find_endings(user_id: str, consents: Sequence[Consent]) -> dict[str, Ending]:
    """Returns by the grant id how those ended that the person has not ended."""
    grant_ids = [consent.grant_id for consent in consents]
    rows = db.session.scalars(select(ConsentEvent).where(ConsentEvent.grant_id.in_(grant_ids), *_is_told(user_id)))
    return {event.grant_id: _describe(event) for event in rows}


def _is_told(user_id: Any) -> tuple[ColumnElement[bool], ...]:
    return (
        ConsentEvent.user_id == user_id,
        ConsentEvent.kind == ENDED,
        ConsentEvent.actor != PERSON,
        ConsentEvent.at > clock.now() - _TOLD_FOR,
    )


def _describe(event: ConsentEvent) -> Ending:
    since = read_event(event).changed.get("unused_since")
    return Ending(event.actor, None if since is None else datetime.fromisoformat(since))
