"""What is kept of the document that describes a client whose id is its address."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database.types import Base, UtcDateTime


class ClientDocument(Base):
    """The last good reading of a client's document; what it said is in the client's record.

    ``fresh_until`` is when it is to be fetched again, ``good_until`` how long it serves while that cannot be done.
    ``withdrawn_at`` is set while the document is gone: the client is suspended since then, unless an operator had
    suspended it before. ``logo_uri`` is where its present logo came from, looked at last at ``logo_read_at``.
    ``default_scope`` is what the client gets when it asks for nothing. ``registered_at`` is when the document was first
    read, and ``used_at`` when a person first allowed the client anything: before that nobody would miss it.
    """

    __tablename__ = "client_documents"
    __table_args__ = (
        Index(
            "ix_client_documents_unused",
            "registered_at",
            sqlite_where=text("used_at IS NULL"),
            postgresql_where=text("used_at IS NULL"),
        ),
    )

    client_key: Mapped[str] = mapped_column(String(40), ForeignKey("clients.key", ondelete="CASCADE"), primary_key=True)
    default_scope: Mapped[str] = mapped_column(String(1000), default="")
    application_type: Mapped[str] = mapped_column(String(6), default="")
    logo_uri: Mapped[str] = mapped_column(String(2000), default="")
    logo_read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime] = mapped_column(UtcDateTime)
    fresh_until: Mapped[datetime] = mapped_column(UtcDateTime)
    good_until: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    registered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
