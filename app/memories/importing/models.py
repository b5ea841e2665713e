"""What somebody brings, while it waits and while it comes in; and what each memory that came in was made of.

An upload lies in the database, in pieces: any machine can go on with it, and none keeps what another needs.
"""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.credentials import new_id
from app.database.types import Base, UtcDateTime

#: An upload is being received; it is looked through; it waits for the person's word; it comes in; it is in; it cannot.
RECEIVING, READING, READY, WRITING, DONE, FAILED = "receiving", "reading", "ready", "writing", "done", "failed"
STATES = (RECEIVING, READING, READY, WRITING, DONE, FAILED)
#: Those in which there is something to be done for a process.
AT_WORK = (READING, WRITING)


class Import(Base):
    """One upload. ``report`` is what a look through it has found, and ``holder`` the process that works on it.

    ``held_until`` is in microseconds since 1970, by the database's clock.
    """

    __tablename__ = "imports"
    __table_args__ = (
        CheckConstraint("state IN (" + ", ".join(f"'{state}'" for state in STATES) + ")", name="state"),
        Index(None, "user_id"),
        Index(None, "expires_at"),
        Index(None, "state", "held_until"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: new_id("imp"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(300))
    size: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: In thousandths.
    progress: Mapped[int] = mapped_column(Integer, default=0)
    report: Mapped[str | None] = mapped_column(Text)
    holder: Mapped[str | None] = mapped_column(String(80))
    held_until: Mapped[int] = mapped_column(BigInteger, default=0)


class ImportPiece(Base):
    """Some bytes of an upload."""

    __tablename__ = "import_pieces"
    __table_args__ = (Index(None, "import_id", "number"), Index(None, "expires_at"))

    id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: new_id("pce"))
    import_id: Mapped[str] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ImportSkip(Base):
    """One thing of an upload that does not come in, in the order in which it was found."""

    __tablename__ = "import_skips"

    import_id: Mapped[str] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(600))
    reason: Mapped[str] = mapped_column(String(20))


class MemoryOrigin(Base):
    """What a memory that somebody brought was made of, so that the same does not come in twice."""

    __tablename__ = "memory_origins"
    __table_args__ = (Index("uq_memory_origins_user_id_digest", "user_id", "digest", unique=True),)

    memory_id: Mapped[str] = mapped_column(ForeignKey("memories.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
