"""Writing to the audit log."""

from typing import Any

from sqlalchemy import bindparam, insert

from app import clock
from app.audit.models import AuditEvent
from app.credentials import new_id
from app.database.connections import Connection
from app.database.statements import Statement
from app.extensions import db

_COLUMNS = ("id", "occurred_at", "kind", "actor_user_id", "organization_id", "client_key", "details")
_INSERT_EVENT = Statement(insert(AuditEvent).values({name: bindparam(name) for name in _COLUMNS}))


def record(
    kind: str,
    *,
    actor_user_id: str | None = None,
    organization_id: str | None = None,
    client_key: str | None = None,
    **details: Any,
) -> None:
    """Add an event such as ``client.registered`` to the session. The caller commits; no secret may be in ``details``."""
    db.session.add(
        AuditEvent(
            kind=kind,
            actor_user_id=actor_user_id,
            organization_id=organization_id,
            client_key=client_key,
            details=details,
        )
    )


def record_at_once(
    connection: Connection, kind: str, *, organization_id: str | None, client_key: str, **details: Any
) -> None:
    """Add an event that nobody did but the server itself, in the transaction that is open on a driver connection."""
    connection.run(
        _INSERT_EVENT,
        id=new_id("evt"),
        occurred_at=clock.now(),
        kind=kind,
        actor_user_id=None,
        organization_id=organization_id,
        client_key=client_key,
        details=details,
    )
