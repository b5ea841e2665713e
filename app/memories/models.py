"""The records of integrations, memories and mementos."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    column,
    event,
    inspect,
)
from sqlalchemy.orm import Mapped, Mapper, mapped_column, object_session, relationship

from app import clock
from app.credentials import new_id
from app.database.types import Base, UtcDateTime
from app.folding import index_words

_ONE_OWNER = "(user_id IS NULL) <> (organization_id IS NULL)"


def _words_of(name: str) -> Callable[[Any], str | None]:
    return lambda context: index_words(context.get_current_parameters()[name])


class Integration(Base):
    """A connected source of knowledge. It belongs to one person or to one organization."""

    __tablename__ = "integrations"
    __table_args__ = (
        CheckConstraint(_ONE_OWNER, name="one_owner"),
        Index(None, "user_id"),
        Index(None, "organization_id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: new_id("int"))
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    organization_id: Mapped[str | None] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(100))
    status: Mapped[str] = mapped_column(String(20), default="connected")
    last_synced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())


class Memory(Base):
    """One piece of knowledge. ``folder`` is its path inside the integration, such as ``Trips/Lisbon``, or empty."""

    __tablename__ = "memories"
    __table_args__ = (
        CheckConstraint(_ONE_OWNER, name="one_owner"),
        Index(None, "user_id", "created_at", "id"),
        Index(None, "organization_id", "created_at", "id"),
        # Holds all that the statements in ``contents`` read, so that they leave the texts alone.
        Index("ix_memories_contents", "integration_id", "folder", "created_at", "id", "user_id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: new_id("mry"))
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    organization_id: Mapped[str | None] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    integration_id: Mapped[str] = mapped_column(ForeignKey("integrations.id", ondelete="CASCADE"))
    folder: Mapped[str] = mapped_column(String(500), default="")
    title: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)
    source_url: Mapped[str | None] = mapped_column(String(2000))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now(), onupdate=lambda: clock.now())
    # What the full-text index holds of the title and the text, where that is not what the database finds in them by
    # itself, and which version of the memory it was made of: that of the same updated_at.
    title_words: Mapped[str | None] = mapped_column(Text, default=_words_of("title"), deferred=True)
    text_words: Mapped[str | None] = mapped_column(Text, default=_words_of("text"), deferred=True)
    folded_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, default=lambda context: context.get_current_parameters()["updated_at"], deferred=True
    )

    integration: Mapped[Integration] = relationship()
    tags: Mapped[list["MemoryTag"]] = relationship(cascade="all, delete-orphan", passive_deletes=True)


#: A condition on :class:`Memory`: its words are not those of its title and text, because a statement that knows nothing
#: of them changed it, or an earlier version of this program.
is_unfolded = column("folded_at").is_distinct_from(column("updated_at"))
Index("ix_memories_unfolded", Memory.id, postgresql_where=is_unfolded, sqlite_where=is_unfolded)


@event.listens_for(Memory, "before_update")
def _fold_again(_mapper: Mapper[Memory], _connection: Connection, memory: Memory) -> None:
    session = object_session(memory)
    if session is None or not session.is_modified(memory, include_collections=False):
        return
    if not inspect(memory).attrs.updated_at.history.has_changes():
        memory.updated_at = clock.now()
    # Both, whatever changed: the other may have been changed by a statement before.
    memory.title_words, memory.text_words = index_words(memory.title), index_words(memory.text)
    memory.folded_at = memory.updated_at


class MemoryTotal(Base):
    """How much one person or organization keeps, by its id: see :mod:`app.memories.totals`.

    There is a row once they have added something.
    """

    __tablename__ = "memory_totals"
    __table_args__ = (
        CheckConstraint(_ONE_OWNER, name="one_owner"),
        Index(None, "user_id"),
        Index(None, "organization_id"),
    )

    owner_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    organization_id: Mapped[str | None] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    memory_count: Mapped[int] = mapped_column(BigInteger)
    text_bytes: Mapped[int] = mapped_column(BigInteger)


class MemoryTag(Base):
    """One tag of one memory."""

    __tablename__ = "memory_tags"
    __table_args__ = (Index(None, "tag"),)

    memory_id: Mapped[str] = mapped_column(ForeignKey("memories.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(60), primary_key=True)


class Memento(Base):
    """A named set of one person's memories. ``All`` and ``None`` are built in and have no row."""

    __tablename__ = "mementos"
    __table_args__ = (Index("uq_mementos_user_id_name", "user_id", "name", unique=True),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: new_id("mem"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())

    contents: Mapped[list["MementoContent"]] = relationship(cascade="all, delete-orphan", passive_deletes=True)


class MementoContent(Base):
    """One pick of a memento: a whole integration, a folder of one (with what lies below), or a single memory.

    Whole integrations and folders include what is added later; a single memory does not.
    """

    __tablename__ = "memento_contents"
    __table_args__ = (
        CheckConstraint("(integration_id IS NULL) <> (memory_id IS NULL)", name="integration_or_memory"),
        CheckConstraint("folder IS NULL OR integration_id IS NOT NULL", name="folder_of_integration"),
        # An empty folder would read as a second way to say "whole integration"; there is one: NULL.
        CheckConstraint("folder <> ''", name="folder_not_empty"),
        Index(None, "memento_id"),
        Index(None, "integration_id"),
        Index(None, "memory_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    memento_id: Mapped[str] = mapped_column(ForeignKey("mementos.id", ondelete="CASCADE"))
    integration_id: Mapped[str | None] = mapped_column(ForeignKey("integrations.id", ondelete="CASCADE"))
    folder: Mapped[str | None] = mapped_column(String(500))
    memory_id: Mapped[str | None] = mapped_column(ForeignKey("memories.id", ondelete="CASCADE"))
