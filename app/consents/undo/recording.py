"""Keeping what was there before an app wrote, in the transaction in which it writes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import Text, and_, cast, delete, func, insert, literal, literal_column, null, select, update
from sqlalchemy.orm import Session

from app import clock
from app.consents.undo.models import AppChange
from app.database.types import UtcDateTime
from app.memories.models import Integration, MementoContent, Memory, MemoryTag

#: Changes of one memory by one app within so long are one, unless somebody else changed it between.
_TOGETHER = timedelta(minutes=10)
# SQLite takes so many values in one statement, and more.
_BATCH = 500
_NEW_LINE: Any = literal_column("'\n'")


class Journal(Struct, frozen=True):
    """Keeps what one app changes of one person's, under one consent."""

    session: Session
    user_id: str
    grant_id: str

    def add_added(self, memories: Sequence[Memory]) -> None:
        """Keep that the app added memories, which are flushed."""
        rows = [self._row("added", one, left_at=one.updated_at, **_place_of(one.integration)) for one in memories]
        if rows:
            self.session.execute(insert(AppChange), rows)

    def add_changed(self, memory: Memory, before: Mapping[str, Any]) -> None:
        """Keep what a memory was before it was changed, by :func:`look_at`; the change is flushed."""
        if self._is_more_of_the_same(memory, before["updated_at"]):
            return
        self.session.execute(
            insert(AppChange), [self._row("changed", memory, left_at=memory.updated_at, picks=None, **before)]
        )

    def add_deleted(self, memory: Memory) -> None:
        """Keep a memory that is about to be deleted, and which mementos named it."""
        named = select(MementoContent.memento_id).where(MementoContent.memory_id == memory.id).distinct()
        picks = sorted(self.session.scalars(named))
        self.session.execute(
            insert(AppChange), [self._row("deleted", memory, left_at=None, picks=picks, **look_at(memory))]
        )

    def add_renamed_source(self, integration: Integration, name: str) -> None:
        """Keep what a source was called before, and in the title what the app calls it."""
        place = {**_place_of(integration), "integration_name": name, "title": integration.name}
        self.session.execute(insert(AppChange), [self._row("changed", None, **place)])

    def add_deleted_source(self, integration: Integration) -> None:
        """Keep a source that is about to be deleted, with its memories and what named it: few statements for them all.

        By the same moment they are known to belong together.
        """
        at = clock.now()
        picked = select(MementoContent.memento_id, MementoContent.folder).where(
            MementoContent.integration_id == integration.id
        )
        rows = self.session.execute(picked.order_by(MementoContent.memento_id, MementoContent.folder)).all()
        picks = [memento_id + (f"/{folder}" if folder is not None else "") for memento_id, folder in rows]
        self.session.execute(_copy_memories(self.user_id, self.grant_id, integration, at))
        row = self._row("deleted", None, picks=picks, **_place_of(integration), created_at=integration.created_at)
        self.session.execute(insert(AppChange), [row | {"at": at, "last_at": at}])

    def _row(self, kind: str, memory: Memory | None, **fields: Any) -> dict[str, Any]:
        at = clock.now()
        return {
            "user_id": self.user_id,
            "grant_id": self.grant_id,
            "kind": kind,
            "at": at,
            "last_at": at,
            "memory_id": None if memory is None else memory.id,
            **fields,
        }

    def _is_more_of_the_same(self, memory: Memory, before: datetime) -> bool:
        """Whether the last that is kept of the memory is this app's, a moment ago, and as the memory was until now."""
        last = self.session.execute(
            select(AppChange.id, AppChange.grant_id, AppChange.at, AppChange.left_at)
            .where(AppChange.memory_id == memory.id, AppChange.undone_at.is_(None))
            .order_by(AppChange.last_at.desc(), AppChange.id.desc())
            .limit(1)
        ).first()
        at = clock.now()
        if last is None or last.grant_id != self.grant_id or last.left_at != before or at - last.at > _TOGETHER:
            return False
        self.session.execute(
            update(AppChange).where(AppChange.id == last.id).values(last_at=at, left_at=memory.updated_at)
        )
        return True


def look_at(memory: Memory) -> dict[str, Any]:
    """Returns all that there is of a memory, by the columns of :class:`AppChange`."""
    return {
        **_place_of(memory.integration),
        "folder": memory.folder,
        "title": memory.title,
        "text": memory.text,
        "source_url": memory.source_url,
        "tags": [line for tag in sorted(one.tag for one in memory.tags) for line in tag.split("\n") if line],
        "created_at": memory.created_at,
        "updated_at": memory.updated_at,
    }


def forget_changes(session: Session, user_id: str, memory_ids: Iterable[str]) -> None:
    """Forget what apps did to memories that their person deletes: what the person deleted is gone."""
    ids = list(memory_ids)
    for start in range(0, len(ids), _BATCH):
        of_these = AppChange.user_id == user_id, AppChange.memory_id.in_(ids[start : start + _BATCH])
        session.execute(delete(AppChange).where(*of_these))


def forget_source(session: Session, user_id: str, integration_id: str) -> None:
    """Forget what apps did to a source, and to what lay in it, that its person deletes."""
    session.execute(delete(AppChange).where(AppChange.user_id == user_id, AppChange.integration_id == integration_id))


def _place_of(integration: Integration) -> dict[str, str]:
    return {
        "integration_id": integration.id,
        "integration_kind": integration.kind,
        "integration_name": integration.name,
    }


def _copy_memories(user_id: str, grant_id: str, integration: Integration, at: datetime) -> Any:
    tags = select(func.aggregate_strings(MemoryTag.tag, _NEW_LINE)).where(MemoryTag.memory_id == Memory.id)
    named = select(func.aggregate_strings(MementoContent.memento_id, _NEW_LINE)).where(
        MementoContent.memory_id == Memory.id
    )
    empty: Any = literal_column("''")
    kept: dict[str, Any] = {
        "user_id": literal(user_id),
        "grant_id": literal(grant_id),
        "kind": literal("deleted"),
        "at": literal(at, UtcDateTime()),
        "last_at": literal(at, UtcDateTime()),
        "memory_id": Memory.id,
        "left_at": cast(null(), AppChange.left_at.type),
        "integration_id": Memory.integration_id,
        "integration_kind": literal(integration.kind),
        "integration_name": literal(integration.name),
        "folder": Memory.folder,
        "title": Memory.title,
        "text": Memory.text,
        "source_url": Memory.source_url,
        "tags": cast(func.coalesce(tags.scalar_subquery(), empty), Text),
        "created_at": Memory.created_at,
        "updated_at": Memory.updated_at,
        "picks": cast(func.coalesce(named.scalar_subquery(), empty), Text),
    }
    # The owner once more: whatever an integration may come to hold, nobody else's is copied.
    rows = select(*kept.values()).where(and_(Memory.integration_id == integration.id, Memory.user_id == user_id))
    return insert(AppChange).from_select(list(kept), rows)
