"""What apps added, changed and deleted of a person's, with what was there before: for as long as it can be undone."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.database.types import Base, Lines, UtcDateTime

#: How long what was before is kept.
KEPT_FOR = timedelta(days=30)


class AppChange(Base):
    """One memory that an app added, changed or deleted; or, without a memory, a source that it renamed or deleted.

    Of what was added nothing is kept; of what was changed or deleted, all that was there before. ``picks`` are the
    mementos that named it: for a memory their ids, for a source each id with ``/`` and the folder that was picked, if
    any. The ``title`` of a source that was renamed is what the app called it. ``left_at`` is the ``updated_at`` with which the app left the memory, so that it shows whether somebody has
    changed it since. Several changes by the same app of one memory, nobody else having touched it between, are one
    within ten minutes: the last of them was at ``last_at``. A person who deletes a memory deletes its rows here.
    """

    __tablename__ = "app_changes"
    __table_args__ = (
        CheckConstraint("kind IN ('added', 'changed', 'deleted')", name="kind"),
        Index(None, "user_id", "last_at"),
        Index(None, "grant_id"),
        Index(None, "memory_id"),
        Index(None, "last_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    grant_id: Mapped[str] = mapped_column(ForeignKey("consents.grant_id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(7))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    memory_id: Mapped[str | None] = mapped_column(String(40))
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    integration_id: Mapped[str] = mapped_column(String(40))
    integration_kind: Mapped[str] = mapped_column(String(40))
    integration_name: Mapped[str] = mapped_column(String(100))
    folder: Mapped[str | None] = mapped_column(String(500))
    title: Mapped[str | None] = mapped_column(String(300))
    text: Mapped[str | None] = mapped_column(Text)
    source_url: Mapped[str | None] = mapped_column(String(2000))
    tags: Mapped[Sequence[str] | None] = mapped_column(Lines)
    created_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    picks: Mapped[Sequence[str] | None] = mapped_column(Lines)
