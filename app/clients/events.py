"""What is done to a client, written to the audit log; and what the log remembers of it."""

from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.audit.models import AuditEvent
from app.clients.errors import Change
from app.clients.models import Client

_MOST_CHANGES = 200


def record_client_event(session: Session, kind: str, client: Client, actor_user_id: str | None, **details: Any) -> None:
    """Add the act to the session. The caller commits; no secret may be in ``details``."""
    session.add(
        AuditEvent(
            kind=kind,
            actor_user_id=actor_user_id,
            organization_id=client.organization_id or (client.organization and client.organization.id),
            client_key=client.key,
            details=details,
        )
    )


def was_registered(session: Session, client_id: str) -> bool:
    """Returns whether an organization ever registered a client of this id, also if it has been deleted since."""
    # The key of such a client is its id.
    return bool(session.scalar(select(exists().where(AuditEvent.client_key == client_id))))


def find_changes(session: Session, client: Client, version: int) -> dict[str, Change]:
    """Returns, by column, what it was at that version and is now, as the audit log tells."""
    recorded = session.scalars(
        select(AuditEvent)
        .where(AuditEvent.client_key == client.key, AuditEvent.kind == "client.updated")
        .order_by(AuditEvent.occurred_at.desc())
        .limit(_MOST_CHANGES)
    )
    newer = sorted(
        (event for event in recorded if event.details.get("version", 0) > version),
        key=lambda event: event.details["version"],
    )
    changes: dict[str, Change] = {}
    for event in newer:
        for column, before in event.details["before"].items():
            first = changes[column].before if column in changes else before
            changes[column] = Change(first, getattr(client, column), event.actor_user_id, event.occurred_at)
    return {column: change for column, change in changes.items() if change.before != change.after}
