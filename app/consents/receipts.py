"""What an app did, minute by minute: read or wrote how many memories, in which mementos."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.credentials import new_id
from app.database.types import Base, UtcDateTime


class AccessRecord(Base):
    """One minute of one kind of act under one consent.

    Without a memento it is the whole minute: ``count`` memories, each once a call. With one it
    says how many of them lay in that memento; a memory may lie in several, so these need not add up. The memento
    ``all``, which has no row, is for what an app read that sees everything.
    """

    __tablename__ = "access_records"
    __table_args__ = (
        CheckConstraint("action IN ('read', 'write')", name="action"),
        # An empty memento_key is the whole minute: NULLs would not be equal to each other.
        UniqueConstraint("grant_id", "minute", "action", "memento_key"),
        Index(None, "minute"),
        Index(None, "memento_id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: new_id("acc"))
    grant_id: Mapped[str] = mapped_column(ForeignKey("consents.grant_id", ondelete="CASCADE"))
    minute: Mapped[datetime] = mapped_column(UtcDateTime)
    action: Mapped[str] = mapped_column(String(5))
    memento_key: Mapped[str] = mapped_column(String(40), default="")
    memento_id: Mapped[str | None] = mapped_column(ForeignKey("mementos.id", ondelete="SET NULL"))
    count: Mapped[int]
