"""What a person never shares: single memories, folders, tags. No app reaches it, whatever it was given.

It is the first thing that says no (see ``reach``), also to the app that wrote the memory.
"""

from datetime import datetime
from functools import lru_cache

from sqlalchemy import (
    BigInteger,
    BindParameter,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    Select,
    String,
    and_,
    exists,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.database.types import Base, UtcDateTime
from app.memories.models import Integration, Memory, MemoryTag
from app.same_letters import InSmallLetters


class NeverShared(Base):
    """One thing that a person never shares: a memory, a folder of an integration (or all of it), or a tag.

    A folder includes what lies below it and what is put there later, a tag each memory that has it now or later.
    While a person has any, their ``never_shares_at`` is set: who has none pays nothing for it.
    """

    __tablename__ = "never_shared"
    __table_args__ = (
        CheckConstraint(
            "(integration_id IS NOT NULL AND memory_id IS NULL AND tag IS NULL)"
            " OR (integration_id IS NULL AND memory_id IS NOT NULL AND tag IS NULL)"
            " OR (integration_id IS NULL AND memory_id IS NULL AND tag IS NOT NULL)",
            name="one_thing",
        ),
        CheckConstraint("folder IS NULL OR integration_id IS NOT NULL", name="folder_of_integration"),
        # An empty folder would read as a second way to say "all of it"; there is one: NULL.
        CheckConstraint("folder <> ''", name="folder_not_empty"),
        Index(None, "user_id"),
        Index(None, "integration_id"),
        Index(None, "memory_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    integration_id: Mapped[str | None] = mapped_column(ForeignKey("integrations.id", ondelete="CASCADE"))
    folder: Mapped[str | None] = mapped_column(String(500))
    memory_id: Mapped[str | None] = mapped_column(ForeignKey("memories.id", ondelete="CASCADE"))
    tag: Mapped[str | None] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())


# To put the condition together takes longer than to ask it; an app with such a person asks it with each of its calls.
@lru_cache(maxsize=64)
def is_kept_back(user_id: str | BindParameter[str]) -> ColumnElement[bool]:
    """Returns a condition on :class:`Memory`: this person, whose it is, never shares it."""
    own = NeverShared.user_id == user_id
    single = select(NeverShared.memory_id).where(own, NeverShared.memory_id.is_not(None))
    # Gathered once: a database may go through it for each memory that it looks at.
    folders = (
        select(
            NeverShared.integration_id,
            NeverShared.folder,
            # The range of a folder's subfolders: "0" is the character after "/".
            (NeverShared.folder + literal("/")).label("first_below"),
            (NeverShared.folder + literal("0")).label("first_beyond"),
        )
        .where(own, NeverShared.folder.is_not(None))
        .cte()
        .prefix_with("MATERIALIZED")
    )
    # "Ärzte" and "ärzte" are one tag to a person.
    tags = select(InSmallLetters(NeverShared.tag)).where(own, NeverShared.tag.is_not(None))
    return or_(
        Memory.id.in_(single),
        Memory.integration_id.in_(_select_whole(own)),
        exists().where(
            folders.c.integration_id == Memory.integration_id,
            or_(
                Memory.folder == folders.c.folder,
                and_(Memory.folder >= folders.c.first_below, Memory.folder < folders.c.first_beyond),
            ),
        ),
        exists().where(MemoryTag.memory_id == Memory.id, InSmallLetters(MemoryTag.tag).in_(tags)),
    )


def is_kept_back_whole(user_id: str) -> ColumnElement[bool]:
    """Returns a condition on :class:`Integration`: this person, whose it is, never shares anything of it."""
    return Integration.id.in_(_select_whole(NeverShared.user_id == user_id))


def _select_whole(own: ColumnElement[bool]) -> Select[str | None]:
    return select(NeverShared.integration_id).where(
        own, NeverShared.integration_id.is_not(None), NeverShared.folder.is_(None)
    )
