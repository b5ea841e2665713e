"""What a client that registered itself has beside its record (:rfc:`7591`, :rfc:`7592`)."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database.types import Base, Digest, UtcDateTime


class SelfRegistration(Base):
    """How the client may change its registration, and what it asked for.

    ``default_scope`` is what it gets when it asks for nothing; a person may give it more. ``application_type`` is what
    it said. ``used_at`` is when a person first allowed it anything: before that nobody would miss it.
    """

    __tablename__ = "client_registrations"
    __table_args__ = (
        Index(
            "ix_client_registrations_unused",
            "registered_at",
            sqlite_where=text("used_at IS NULL"),
            postgresql_where=text("used_at IS NULL"),
        ),
    )

    client_key: Mapped[str] = mapped_column(String(40), ForeignKey("clients.key", ondelete="CASCADE"), primary_key=True)
    token_digest: Mapped[str] = mapped_column(Digest)
    default_scope: Mapped[str] = mapped_column(String(1000), default="")
    application_type: Mapped[str] = mapped_column(String(6), default="")
    registered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
