"""What an app did, minute by minute: read or wrote how many memories, in which mementos, which of them, and what for."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.credentials import new_id
from app.database.types import Base, UtcDateTime

#: What an app can do, in finer words than reading and writing. Only a search has a question; to arrange is to put
#: memories into a memento, or to take them out of one.
READ, SEARCHED = "read", "searched"
ADDED, CHANGED, DELETED, ARRANGED = "added", "changed", "deleted", "arranged"
KINDS = (READ, SEARCHED, ADDED, CHANGED, DELETED, ARRANGED)


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


class ReceiptDetail(Base):
    """What stands behind an :class:`AccessRecord`: one kind of act, and of searches one question.

    ``calls`` is how often that was in the minute, and ``count`` how many memories it was, each once a call. A search
    without a question is those of which the question was not kept, because there were too many.
    """

    __tablename__ = "receipt_details"
    __table_args__ = (
        CheckConstraint("kind IN ('read', 'searched', 'added', 'changed', 'deleted', 'arranged')", name="kind"),
        # The question may be too long for an index.
        UniqueConstraint("grant_id", "minute", "kind", "question_key"),
        Index(None, "minute"),
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    grant_id: Mapped[str] = mapped_column(ForeignKey("consents.grant_id", ondelete="CASCADE"))
    minute: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(String(8))
    question_key: Mapped[str] = mapped_column(String(64))
    question: Mapped[str] = mapped_column(Text)
    calls: Mapped[int]
    count: Mapped[int]


class ReceiptMemory(Base):
    """One memory that a detail names. It may be deleted by now; its title is told as it is now, and not kept here."""

    __tablename__ = "receipt_memories"
    __table_args__ = (Index(None, "memory_id"),)

    detail_id: Mapped[int] = mapped_column(ForeignKey("receipt_details.id", ondelete="CASCADE"), primary_key=True)
    memory_id: Mapped[str] = mapped_column(String(40), primary_key=True)


class ReceiptWriter(Base):
    """A process that notes what apps read, while it runs. One that ended as it should has no row any more.

    Up to ``seen_at`` it has written everything down.
    """

    __tablename__ = "receipt_writers"
    __table_args__ = (Index(None, "seen_at"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
