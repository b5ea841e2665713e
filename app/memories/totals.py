"""How much somebody keeps: how many memories, and how many bytes their texts have. Both have a bound.

To count it each time would read every text, so it is kept up: whoever adds, changes or deletes memories says so here, in
the same transaction. Two that add at once come one after the other by the row of their owner, so that the bound holds.
An earlier version says nothing, nor does who writes SQL of their own: the purge counts anew where that matters.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    LargeBinary,
    Select,
    cast,
    delete,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.database.rows import changed_rows, is_taken
from app.memories.models import Integration, Memory, MemoryTotal
from app.sentences import _

#: How many sources one account has at most. Of an organization, whose apps write side by side, a few more.
MOST_SOURCES = 2000
_MEGABYTE = 1_000_000


class Bounds(Struct, frozen=True):
    """How many memories an account may keep, and how many megabytes their texts may have; 0 for no bound."""

    memories: int = 0
    megabytes: int = 0


class Gone(Struct, frozen=True):
    """Memories of one owner that were deleted: whose, how many, and how many bytes their texts had."""

    user_id: str | None
    organization_id: str | None
    count: int
    size: int


class AccountFull(ValueError):
    """An account would keep more than it may. The message says what to do."""


_bounds: WeakKeyDictionary[Engine, Bounds] = WeakKeyDictionary()
_KEPT = (MemoryTotal.memory_count, MemoryTotal.text_bytes)


def bound_accounts(engine: Engine, bounds: Bounds) -> None:
    """Let each account in this database keep no more than that."""
    _bounds[engine] = bounds


def count_added(session: Session, memories: Iterable[Memory]) -> None:
    """Count memories, of one owner, that are written already. Raises :class:`AccountFull`: then nothing may stay."""
    added = list(memories)
    if added:
        _count(session, added[0], len(added), sum(size_of(memory.text) for memory in added))


def count_changed(session: Session, memory: Memory, size_before: int) -> None:
    """Count what a memory, which is written already, has become. Raises :class:`AccountFull` as above."""
    more = size_of(memory.text) - size_before
    if more:
        _count(session, memory, 0, more)


def delete_memories(session: Session, *which: ColumnElement[bool]) -> None:
    """Delete the memories for which this holds, all of one owner, and count what goes."""
    count_gone(session, take_memories(session, *which))


def take_memories(session: Session, *which: ColumnElement[bool]) -> Gone:
    """Delete them for who has to delete more before it is counted. Returns what :func:`count_gone` wants.

    The database adds it up: of a source with a million memories a row of each would be more than a worker has memory for.
    """
    columns = (Memory.user_id, Memory.organization_id, size_in(session).label("size"))
    if session.get_bind().dialect.name == "sqlite":
        # It takes no DELETE within a SELECT, and nobody else writes before this transaction ends.
        found = session.execute(_add_up(select(*columns).where(*which).subquery())).one()
        session.execute(delete(Memory).where(*which))
    else:
        found = session.execute(_add_up(delete(Memory).where(*which).returning(*columns).cte("gone"))).one()
    return Gone(*found)


def count_gone(session: Session, gone: Gone) -> None:
    """Count memories that were deleted."""
    if gone.count:
        _change(session, gone, -gone.count, -int(gone.size))


def find_nearly_full(session: Session, after: str, most: int) -> Sequence[MemoryTotal]:
    """Returns so many accounts of which nearly as much as they may keep is counted, or less than nothing, by their ids."""
    bounds = _bounds.get(session.connection().engine, Bounds())
    near = [MemoryTotal.memory_count < 0, MemoryTotal.text_bytes < 0]
    for kept, bound in zip(_KEPT, (bounds.memories, bounds.megabytes * _MEGABYTE), strict=True):
        if bound:
            near.append(kept >= bound - bound // 10)
    found = select(MemoryTotal).where(MemoryTotal.owner_id > after, or_(*near))
    return session.scalars(found.order_by(MemoryTotal.owner_id).limit(most)).all()


def find_uncounted(session: Session, total: MemoryTotal) -> tuple[int, int]:
    """Returns how many more memories and bytes than are counted an account keeps; it reads all texts.

    Both as of one moment, in one statement: so it is right to add these later, whoever writes meanwhile.
    """
    is_theirs = Memory.user_id == total.user_id if total.user_id else Memory.organization_id == total.organization_id
    sums = (func.count().label("count"), func.coalesce(func.sum(size_in(session)), 0).label("size"))
    kept = select(*sums).where(is_theirs).subquery()
    more = (kept.c.count - MemoryTotal.memory_count, kept.c.size - MemoryTotal.text_bytes)
    row = session.execute(select(*more).join(kept, true()).where(MemoryTotal.owner_id == total.owner_id)).first()
    return (0, 0) if row is None else (int(row[0]), int(row[1]))


def count_uncounted(connection: Connection, owner_id: str, count: int, size: int) -> int:
    """Add what was found not to be counted. Returns how many rows that changed."""
    more = {"memory_count": MemoryTotal.memory_count + count, "text_bytes": MemoryTotal.text_bytes + size}
    return changed_rows(connection.execute(update(MemoryTotal).where(MemoryTotal.owner_id == owner_id).values(more)))


def demand_room_for_source(session: Session, *, user_id: str | None, organization_id: str | None) -> None:
    """Raises :class:`AccountFull` where an account has as many sources as one keeps. The caller holds the person."""
    is_theirs = Integration.user_id == user_id if user_id else Integration.organization_id == organization_id
    if (session.scalar(select(func.count()).select_from(Integration).where(is_theirs)) or 0) >= MOST_SOURCES:
        raise AccountFull(
            _("No more than %(most)s sources are kept for one account. Delete one first.", most=f"{MOST_SOURCES:,}")
        )


def size_of(words: str) -> int:
    """Returns how many bytes a text counts for."""
    return len(words.encode())


def size_in(session: Session) -> ColumnElement[int]:
    """Returns the same as an expression on :class:`Memory`."""
    # SQLite has octet_length() since 3.43 alone; PostgreSQL knows it without reading a long text.
    if session.get_bind().dialect.name == "sqlite":
        return func.length(cast(Memory.text, LargeBinary))
    return func.octet_length(Memory.text)


def _add_up(gone: Any) -> Select[Any]:
    size = func.coalesce(func.sum(gone.c.size), 0)
    return select(func.max(gone.c.user_id), func.max(gone.c.organization_id), func.count(), size).select_from(gone)


def _count(session: Session, memory: Memory, count: int, size: int) -> None:
    kept = _change(session, memory, count, size) or _begin(session, memory) or _change(session, memory, count, size)
    bounds = _bounds.get(session.connection().engine, Bounds())
    if count > 0 and 0 < bounds.memories < kept.memory_count:
        most = f"{bounds.memories:,}"
        raise AccountFull(_("No more than %(most)s memories are kept for one account. Delete some first.", most=most))
    if size > 0 and 0 < bounds.megabytes * _MEGABYTE < kept.text_bytes:
        most = f"{bounds.megabytes:,}"
        raise AccountFull(_("No more than %(most)s MB of text are kept for one account. Delete some first.", most=most))


def _change(session: Session, owned: Any, count: int, size: int) -> Any:
    """Returns what the owner keeps now; None where nothing was counted yet."""
    more = {"memory_count": MemoryTotal.memory_count + count, "text_bytes": MemoryTotal.text_bytes + size}
    changed = update(MemoryTotal).where(MemoryTotal.owner_id == (owned.user_id or owned.organization_id)).values(more)
    # Nobody loads these records, so there is none to keep in step.
    unseen = {"synchronize_session": False}
    return session.execute(changed.returning(*_KEPT), execution_options=unseen).first()


def _begin(session: Session, memory: Memory) -> Any:
    """Count for the first time, with what was there before. Returns the same; None where somebody else was faster."""
    owner = {"user_id": memory.user_id, "organization_id": memory.organization_id}
    owned = [getattr(Memory, column) == id for column, id in owner.items() if id is not None]
    count, size = session.execute(select(func.count(), func.sum(size_in(session))).where(*owned)).one()
    row = owner | {"owner_id": memory.user_id or memory.organization_id, "memory_count": count, "text_bytes": int(size)}
    try:
        with session.begin_nested():
            return session.execute(insert(MemoryTotal).values(row).returning(*_KEPT)).one()
    except IntegrityError as error:
        if not is_taken(error, MemoryTotal.owner_id):
            raise
        # They have not seen what is added here.
        return None
