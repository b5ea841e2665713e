"""A person's memories for the person: whatever their source, and the notes that they write themselves."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from app.accounts.lock import lock_person
from app.memories.models import Integration, Memento, MementoContent, Memory, MemoryTag
from app.memories.picks import containers_of_memory
from app.memories.reach import Reach
from app.memories.records import add_integration, add_memories, find_memory
from app.sentences import _, translated

#: The kind of the one integration that holds a person's own notes.
NOTES = "notes"

TITLE_LENGTH = 300
TEXT_LENGTH = 100_000
FOLDER_LENGTH = 500
TAG_LENGTH = 60
MOST_TAGS = 20

# The tags of so many of the newest memories are offered: those of all would be counted for each page.
_TAGS_OF_NEWEST = 2_000


def own_reach(user_id: str) -> Reach:
    """Returns what a person reaches of their own: everything, whatever they keep from apps."""
    return Reach(user_id=user_id, everything=True)


def find_own_memory(session: Session, user_id: str, memory_id: str, *, changes: bool = False) -> Memory | None:
    """Returns the person's memory of that id, or None. For who ``changes`` it, nobody else does meanwhile."""
    found = find_memory(session, own_reach(user_id), memory_id, changes=changes)
    return None if found is None else found.record


def add_note(session: Session, user_id: str, fields: Mapping[str, Any]) -> Memory:
    """Add what a person has written: fields of :class:`Memory` and ``tags``. Returns it, flushed."""
    return add_memories(session, [(ensure_notes(session, user_id), fields)])[0]


def ensure_notes(session: Session, user_id: str) -> Integration:
    """Returns the integration that holds the person's own notes; the first note makes it. Locks the person."""
    lock_person(session, user_id)
    known = session.get(Integration, notes_id(user_id))
    if known is not None:
        return known
    name = translated(_("Notes"))
    return add_integration(session, id=notes_id(user_id), user_id=user_id, kind=NOTES, name=name)


def notes_id(user_id: str) -> str:
    """Returns the id of the integration that holds the person's own notes, whether it is there yet or not.

    It follows from the person's own, so that an app's integration of the same kind is never taken for it.
    """
    return f"int_notes_{user_id.removeprefix('usr_')}"


def list_mementos_with(session: Session, memory: Memory) -> list[tuple[str, str]]:
    """Returns ids and names of its person's mementos that hold the memory now, by name."""
    above = list(containers_of_memory(memory.integration_id, memory.folder))
    folders = [pick.folder for pick in above if pick.folder is not None]
    holds = or_(
        MementoContent.memory_id == memory.id,
        and_(
            MementoContent.integration_id == memory.integration_id,
            or_(MementoContent.folder.is_(None), MementoContent.folder.in_(folders)),
        ),
    )
    rows = session.execute(
        select(Memento.id, Memento.name)
        .join(MementoContent, MementoContent.memento_id == Memento.id)
        .where(Memento.user_id == memory.user_id, holds)
        .distinct()
    )
    return sorted(((id, name) for id, name in rows), key=lambda one: (one[1].casefold(), one[0]))


def list_tags(session: Session, user_id: str, most: int) -> list[str]:
    """Returns the tags of the person's newest memories, those of most memories first."""
    newest = (
        select(Memory.id)
        .where(Memory.user_id == user_id)
        .order_by(Memory.created_at.desc(), Memory.id.desc())
        .limit(_TAGS_OF_NEWEST)
        .subquery()
    )
    counted = (
        select(MemoryTag.tag)
        .join(newest, newest.c.id == MemoryTag.memory_id)
        .group_by(MemoryTag.tag)
        .order_by(func.count().desc(), MemoryTag.tag)
    )
    return list(session.scalars(counted.limit(most)))
