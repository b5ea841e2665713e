"""What is done to a client, written to the audit log; and what the log remembers of it."""

from typing import Any

from sqlalchemy import exists, select

from app.audit import events
from app.audit.models import AuditEvent
from app.clients.models import Client
from app.extensions import db


def record_client_event(kind: str, client: Client, actor_user_id: str | None, **details: Any) -> None:
    """Add the act to the session. The caller commits; no secret may be in ``details``."""
    events.record(
        kind,
        actor_user_id=actor_user_id,
        organization_id=client.organization_id or (client.organization and client.organization.id),
        client_key=client.key,
        **details,
    )


def was_registered(client_id: str) -> bool:
    """Whether a client of this id was ever registered, also if it has been deleted since."""
    return db.session.scalar(select(exists().where(AuditEvent.client_key == client_id)))
