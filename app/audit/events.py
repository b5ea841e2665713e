"""Writing to the audit log."""

from typing import Any

from app.audit.models import AuditEvent
from app.extensions import db


def record(
    kind: str,
    *,
    actor_user_id: str | None = None,
    organization_id: str | None = None,
    client_id: str | None = None,
    **details: Any,
) -> None:
    """Add an event such as ``client.registered`` to the session. The caller commits; no secret may be in ``details``."""
    db.session.add(
        AuditEvent(
            kind=kind,
            actor_user_id=actor_user_id,
            organization_id=organization_id,
            client_id=client_id,
            details=details,
        )
    )
