"""Single memories and integrations within reach: found, made, changed, ended. Nothing here commits."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, not_, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from app import clock
from app.credentials import new_id
from app.database.locks import to_change
from app.database.patience import take_time, take_time_for
from app.memories.models import Integration, Memento, MementoContent, Memory, MemoryTag
from app.memories.never_shared import NeverShared
from app.memories.reach import (
    Reach,
    countable_memories,
    limits_of,
    reachable_integrations,
    readable_memories,
    writable_memories,
)
from app.memories.totals import count_added, count_changed, count_gone, delete_memories, size_in, size_of, take_memories


class Found(Struct, frozen=True):
    """A memory or an integration within reach, and whether the reach is also to change or end it."""

    record: Any
    is_writable: bool


# -- memories --------------------------------------------------------------------------------------


def find_memory(session: Session, reach: Reach, memory_id: str, *, changes: bool = False) -> Found | None:
    """Returns the memory, if it lies within reach; one that does not is None, as if it did not exist.

    For who ``changes`` it, nobody else does until the transaction ends.
    """
    found = (
        select(Memory, writable_memories(reach).label("is_writable"))
        .where(Memory.id == memory_id, readable_memories(reach))
        .options(joinedload(Memory.integration, innerjoin=True), selectinload(Memory.tags))
    )
    row = session.execute(to_change(found, Memory) if changes else found).first()
    return None if row is None else Found(row.Memory, bool(row.is_writable))


def add_memories(session: Session, drafts: Iterable[tuple[Integration, Mapping[str, Any]]]) -> list[Memory]:
    """Add memories, each to an integration and for its owner, and return them. A draft has fields of :class:`Memory` and ``tags``.

    Each is a microsecond newer than the one before, so that their order is kept. Raises :class:`AccountFull` (``totals``).
    """
    at = clock.now()
    memories = [
        _new_memory(integration, draft, at + timedelta(microseconds=place))
        for place, (integration, draft) in enumerate(drafts)
    ]
    take_time_for([memory.text for memory in memories])
    session.add_all(memories)
    session.flush()
    count_added(session, memories)
    return memories


def change_memory(session: Session, memory: Memory, changes: Mapping[str, Any]) -> None:
    """Give a memory other values; ``tags`` replaces them all. Raises :class:`AccountFull` as above."""
    size_before = size_of(memory.text)
    for name, value in changes.items():
        if name == "tags":
            _set_tags(memory, value)
        else:
            setattr(memory, name, value)
    # Tags are rows of their own, of which the memory's row would not know.
    memory.updated_at = clock.now()
    take_time_for([memory.text])
    session.flush()
    count_changed(session, memory, size_before)


def restore_memory(
    session: Session, integration: Integration, memory_id: str, fields: Mapping[str, Any], created_at: datetime
) -> None:
    """Add a memory that was deleted, under the id that it had. Raises :class:`AccountFull` as above."""
    memory = _new_memory(integration, fields, created_at)
    memory.id, memory.updated_at = memory_id, clock.now()
    session.add(memory)
    session.flush()
    count_added(session, [memory])


def delete_memory(session: Session, memory: Memory) -> None:
    """End a memory; picks of it go with it."""
    delete_memories(session, Memory.id == memory.id)


def still_writable(session: Session, reach: Reach, memory: Memory) -> bool:
    """Returns whether a memory that was changed lies where the reach is to change memories.

    What the person never shares is no reason to refuse a change: what is put there vanishes for who put it there.
    """
    reach = replace(reach, keeps_back=False)
    condition = and_(readable_memories(reach), writable_memories(reach))
    return session.scalar(select(Memory.id).where(Memory.id == memory.id, condition)) is not None


def _new_memory(integration: Integration, draft: Mapping[str, Any], at: datetime) -> Memory:
    fields = {"id": new_id("mry")} | {name: value for name, value in draft.items() if name != "tags"}
    return Memory(
        user_id=integration.user_id,
        organization_id=integration.organization_id,
        integration=integration,
        created_at=at,
        updated_at=at,
        tags=[MemoryTag(tag=tag) for tag in draft.get("tags", ())],
        **fields,
    )


def _set_tags(memory: Memory, tags: Iterable[str]) -> None:
    known = {tag.tag: tag for tag in memory.tags}
    memory.tags = [known.get(tag) or MemoryTag(tag=tag) for tag in tags]


# -- integrations ----------------------------------------------------------------------------------


class Amount(Struct, frozen=True):
    """How many memories there are, and how many bytes their texts have together."""

    count: int = 0
    size: int = 0


def list_integrations_in_reach(session: Session, reach: Reach) -> list[Integration]:
    """Returns the integrations within reach, the oldest first."""
    statement = select(Integration).where(reachable_integrations(reach))
    return list(session.scalars(statement.order_by(Integration.created_at, Integration.id)))


def find_integration(session: Session, reach: Reach, integration_id: str, *, lock: Any = None) -> Found | None:
    """Returns the integration, if it lies within reach. It is writable when it may go, with all that it holds.

    With ``to_change`` as ``lock`` nobody else changes it until the transaction ends, with ``to_delete`` nobody adds to it.
    """
    is_it = Integration.id == integration_id, reachable_integrations(reach)
    if lock is not None:
        # A statement of its own: the next one sees what was added until then.
        session.execute(lock(select(Integration.id).where(*is_it), Integration))
    row = session.execute(select(Integration, _may_go(reach).label("is_writable")).where(*is_it)).first()
    return None if row is None else Found(row.Integration, bool(row.is_writable))


def list_ids_in_integration(session: Session, integration_id: str) -> list[str]:
    """Returns the ids of all memories that an integration holds."""
    return list(session.scalars(select(Memory.id).where(Memory.integration_id == integration_id)))


def count_by_integration(session: Session, reach: Reach) -> dict[str, int]:
    """Returns how many memories within reach each integration holds, those with none left out.

    Where every integration is shown, all that it holds counts.
    """
    counts = select(Memory.integration_id, func.count()).where(countable_memories(reach))
    return dict(session.execute(counts.group_by(Memory.integration_id)).all())


def count_all(session: Session, reach: Reach) -> int:
    """Returns how many memories there are within reach."""
    return sum(count_by_integration(session, reach).values())


def count_kind(session: Session, reach: Reach, kind: str) -> int:
    """Returns how many of them lie in integrations of one kind."""
    counts = count_by_integration(session, reach)
    kinds = select(Integration.id).where(Integration.id.in_(list(counts)), Integration.kind == kind)
    return sum(counts[id] for id in session.scalars(kinds))


def measure_by_integration(session: Session, reach: Reach, integration_id: str | None = None) -> dict[str, Amount]:
    """Returns the same by integration with the size of the texts, of all integrations or of one. It reads the texts."""
    measured = select(Memory.integration_id, func.count(), func.sum(size_in(session))).where(countable_memories(reach))
    if integration_id is not None:
        measured = measured.where(Memory.integration_id == integration_id)
    rows = session.execute(measured.group_by(Memory.integration_id))
    return {id: Amount(count, int(size)) for id, count, size in rows}


def add_integration(
    session: Session, *, user_id: str | None = None, organization_id: str | None = None, **fields: Any
) -> Integration:
    """Add an integration of a person or an organization, flushed, and return it."""
    fields = {"id": new_id("int")} | fields
    integration = Integration(user_id=user_id, organization_id=organization_id, **fields)
    session.add(integration)
    session.flush()
    return integration


def change_integration(session: Session, integration: Integration, changes: Mapping[str, Any]) -> None:
    """Give an integration other values."""
    for name, value in changes.items():
        setattr(integration, name, value)
    session.flush()


def delete_integration(session: Session, integration: Integration) -> None:
    """End an integration, its memories and the picks of it."""
    delete_integrations(session, [integration.id])


def delete_integrations(session: Session, ids: Sequence[str]) -> None:
    """The same for several of one owner's."""
    take_time()
    # By themselves, as nobody learns how much goes with an integration.
    gone = take_memories(session, Memory.integration_id.in_(ids))
    session.execute(delete(Integration).where(Integration.id.in_(ids)))
    count_gone(session, gone)


def _may_go(reach: Reach) -> ColumnElement[bool]:
    """A condition on :class:`Integration`: it lies within reach as a whole, and so does what it holds, to be deleted."""
    if reach.user_id is None:
        return Integration.organization_id == reach.organization_id
    # Its memories go with it, and each of them may only where that is allowed.
    holds_any = exists().where(Memory.integration_id == Integration.id)
    is_writable = Integration.id.in_(_whole_integrations(reach.user_id, reach.writable))
    return and_(_lies_within_as_a_whole(reach, reach.user_id), or_(~holds_any, is_writable))


def _lies_within_as_a_whole(reach: Reach, user_id: str) -> ColumnElement[bool]:
    is_whole = (
        Integration.user_id == user_id
        if reach.everything
        else Integration.id.in_(_whole_integrations(user_id, reach.readable))
    )
    if not reach.is_limited:
        return is_whole
    # What is out of reach is not to go with the rest, nor what the person has said of it.
    holds_more = exists().where(Memory.integration_id == Integration.id, not_(and_(*limits_of(reach))))
    is_named = exists().where(NeverShared.integration_id == Integration.id)
    return and_(is_whole, ~holds_more, ~is_named)


def _whole_integrations(user_id: str, memento_ids: Iterable[str]) -> Select:
    return (
        select(MementoContent.integration_id)
        .join(Memento, Memento.id == MementoContent.memento_id)
        .where(
            Memento.user_id == user_id,
            Memento.id.in_(memento_ids),
            MementoContent.integration_id.is_not(None),
            MementoContent.folder.is_(None),
        )
    )
