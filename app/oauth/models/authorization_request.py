"""The authorization request: validated, waiting server-side for the person's decision."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import now
from app.database import Lines, UtcDateTime
from app.extensions import db


class AuthorizationRequest(db.Model):
    """One waiting request. The browser holds the handle, in the address, and a nonce, in a cookie; we their digests.

    ``parameters`` are those of the query string, replayed as they came. ``selection`` and
    ``memento_ids`` are what the person has picked so far; ``selection`` is None before that.
    """

    __tablename__ = "authorization_requests"
    __table_args__ = (Index(None, "expires_at"), Index(None, "client_id"), Index(None, "user_id"))

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    browser_digest: Mapped[str] = mapped_column(String(64))
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id", ondelete="CASCADE"))
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    parameters: Mapped[dict[str, Any]] = mapped_column(JSON)
    selection: Mapped[str | None] = mapped_column(String(10))
    memento_ids: Mapped[list[str]] = mapped_column(Lines, default=list)
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    consumed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
