"""What happened to a person's consents, as it is told."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.consents.events import LATEST_FIRST, ConsentEvent, Event, read_event


def list_events(session: Session, user_id: str, grant_id: str | None = None) -> list[Event]:
    """Returns what happened to the person's consents, or to one of them, the latest first; also to those long ended."""
    statement = select(ConsentEvent).where(ConsentEvent.user_id == user_id).order_by(*LATEST_FIRST)
    if grant_id is not None:
        statement = statement.where(ConsentEvent.grant_id == grant_id)
    return [read_event(one) for one in session.scalars(statement)]
