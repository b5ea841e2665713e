"""The records of notices, and of what a person chose to be told."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.credentials import new_id
from app.database.types import Base, UtcDateTime


class Notice(Base):
    """Something that happened to an account, for its person to know: shown on ``/account/`` until it is seen.

    ``facts`` is JSON, by the names that the kind says (:mod:`app.accounts.notices.kinds`); no secret is among them.
    ``once`` tells two notices of the same thing: of one person there is one with it at most.
    """

    __tablename__ = "notices"
    __table_args__ = (UniqueConstraint("user_id", "once"), Index(None, "user_id", "at"), Index(None, "at"))

    id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: new_id("ntc"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(30))
    facts: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    once: Mapped[str | None] = mapped_column(String(100))


class NoticeChoice(Base):
    """That a person wants a kind of notice on the page alone (``page``), or not at all (``off``).

    Without a row they get it by mail, too.
    """

    __tablename__ = "notice_choices"
    __table_args__ = (CheckConstraint("way IN ('page', 'off')", name="way"),)

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(30), primary_key=True)
    way: Mapped[str] = mapped_column(String(4))
