"""The record by which a repeated request is known."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.database.types import Base, UtcDateTime


class IdempotencyKey(Base):
    """A request that was carried out, and what was made of it.

    ``digest`` is of the client, whom it speaks for, and the key.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index(None, "client_id"), Index(None, "expires_at"))

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    client_key: Mapped[str] = mapped_column("client_id", String(60), ForeignKey("clients.key", ondelete="CASCADE"))
    request_digest: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    body: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
