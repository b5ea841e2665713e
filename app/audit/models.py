"""The audit log's record."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Connection, Index, String, event
from sqlalchemy.orm import Mapped, Mapper, ORMExecuteState, Session, mapped_column

from app import clock
from app.credentials import new_id
from app.database.types import Base, UtcDateTime


class AuditEvent(Base):
    """One act. It names people and organizations by id and clients by key, and outlives them, so it has no foreign keys."""

    __tablename__ = "audit_events"
    __table_args__ = (Index(None, "organization_id", "occurred_at", "id"), Index(None, "client_id", "occurred_at"))

    id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: new_id("evt"))
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    kind: Mapped[str] = mapped_column(String(60))
    actor_user_id: Mapped[str | None] = mapped_column(String(40))
    organization_id: Mapped[str | None] = mapped_column(String(40))
    client_key: Mapped[str | None] = mapped_column("client_id", String(60))
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class AuditLogIsAppendOnly(Exception):
    """Something tried to change or delete what had been recorded."""


@event.listens_for(AuditEvent, "before_update")
@event.listens_for(AuditEvent, "before_delete")
def _refuse_change(_mapper: Mapper[AuditEvent], _connection: Connection, _event: AuditEvent) -> None:
    raise AuditLogIsAppendOnly


@event.listens_for(Session, "do_orm_execute")
def _refuse_bulk_change(state: ORMExecuteState) -> None:
    if (state.is_update or state.is_delete) and state.bind_mapper is AuditEvent.__mapper__:
        raise AuditLogIsAppendOnly
