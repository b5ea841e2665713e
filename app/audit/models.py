"""The audit log's record."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.credentials import new_id
from app.database import UtcDateTime
from app.extensions import db


class AuditEvent(db.Model):
    """One act. It names people, organizations and clients by id and outlives them, so it has no foreign keys."""

    __tablename__ = "audit_events"
    __table_args__ = (Index(None, "organization_id", "occurred_at"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: new_id("evt"))
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    kind: Mapped[str] = mapped_column(String(60))
    actor_user_id: Mapped[str | None] = mapped_column(String(40))
    organization_id: Mapped[str | None] = mapped_column(String(40))
    client_id: Mapped[str | None] = mapped_column(String(60))
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
