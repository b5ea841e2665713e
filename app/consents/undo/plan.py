"""What undoing would do: to one memory, or to all that an app wrote since a moment. Nothing here writes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import ColumnElement, Row, and_, false, or_, select
from sqlalchemy.orm import Session

from app.consents.undo.models import AppChange
from app.credentials import digest
from app.memories.models import Integration, Memory

#: What happens to a memory or a source: an added one is deleted, a changed one gets what it had, a deleted one comes
#: back, and where there is nothing left to do, nothing.
Act = Literal["delete", "revert", "restore", "nothing"]
# SQLite takes so many values in one statement, and more.
_BATCH = 500
#: All but the text and the tags, of which a preview of thousands would hold too many.
_COLUMNS = (
    AppChange.id, AppChange.grant_id, AppChange.kind, AppChange.at, AppChange.memory_id, AppChange.left_at,
    AppChange.integration_id, AppChange.integration_name, AppChange.title, AppChange.updated_at,
)  # fmt: skip


class Step(Struct, frozen=True):
    """What undoing does with one memory, or with a source where ``memory_id`` is None.

    ``change_id`` is of the row whose state comes back, ``change_ids`` of all that are undone with it. ``title`` is that
    of now, or what it will be. Somebody else than the app changed it since where ``is_disputed``: by the name of that
    app, or the person or their source where ``disputed_by`` is None. ``is_now`` says what it is now, for the seal.
    """

    change_id: int
    change_ids: tuple[int, ...]
    memory_id: str | None
    act: Act
    title: str
    is_disputed: bool
    disputed_by: str | None
    is_now: str


class Plan(Struct, frozen=True):
    """What undoing would do, the sources first, as memories lie in them."""

    steps: Sequence[Step]

    def of(self, act: Act, *, disputed: bool) -> list[Step]:
        """Returns what of it is one act."""
        return [step for step in self.steps if step.act == act and step.is_disputed is disputed]

    @property
    def disputed(self) -> list[Step]:
        """What somebody else changed since, so that the person is asked."""
        return [step for step in self.steps if step.is_disputed and step.act != "nothing"]

    @property
    def agreed(self) -> list[Step]:
        """What there is nothing to ask about."""
        return [step for step in self.steps if not step.is_disputed and step.act != "nothing"]

    @property
    def seal(self) -> str:
        """Equal for equal plans on equal memories. It keeps nothing secret."""
        return digest("\n".join(f"{one.change_id} {one.act} {one.is_now} {one.is_disputed}" for one in self.steps))


def plan_one(session: Session, user_id: str, change_id: int) -> Plan:
    """Returns what it means to undo one change, and with it whatever the app did to the same memory after it."""
    change = session.scalar(
        select(AppChange).where(AppChange.id == change_id, AppChange.user_id == user_id, AppChange.undone_at.is_(None))
    )
    if change is None:
        return Plan([])
    of_one: ColumnElement[bool] = AppChange.memory_id == change.memory_id
    if change.memory_id is None:
        # What was deleted with a source comes back with it.
        is_with_it = and_(AppChange.kind == "deleted", AppChange.at == change.at)
        of_source = AppChange.integration_id == change.integration_id
        of_one = and_(
            of_source, or_(AppChange.memory_id.is_(None), is_with_it if change.kind == "deleted" else false())
        )
    rows = select(*_COLUMNS).where(of_one, AppChange.grant_id == change.grant_id, AppChange.last_at >= change.at)
    found = [row for row in session.execute(_in_order(rows, user_id)) if _is_later(row, change)]
    return _plan(session, user_id, found)


def _is_later(row: Row[Any], change: AppChange) -> bool:
    """Whether it is the change itself, came after it, or was deleted together with a source."""
    return row.memory_id != change.memory_id or (row.at, row.id) >= (change.at, change.id)


def plan_since(session: Session, user_id: str, since: datetime, grant_id: str | None = None) -> Plan:
    """Returns what it means to undo all that an app, or that every app, wrote at that moment or later."""
    rows = select(*_COLUMNS).where(AppChange.last_at >= since)
    if grant_id is not None:
        rows = rows.where(AppChange.grant_id == grant_id)
    return _plan(session, user_id, session.execute(_in_order(rows, user_id)).all())


def _in_order(rows: Any, user_id: str) -> Any:
    return rows.where(AppChange.user_id == user_id, AppChange.undone_at.is_(None)).order_by(AppChange.at, AppChange.id)


def _plan(session: Session, user_id: str, rows: Sequence[Row[Any]]) -> Plan:
    by_thing: dict[tuple[str, str], list[Row[Any]]] = defaultdict(list)
    for row in rows:
        by_thing["source" if row.memory_id is None else "memory", row.memory_id or row.integration_id].append(row)
    memories = _find_memories(session, user_id, [id for kind, id in by_thing if kind == "memory"])
    sources = _find_sources(session, user_id, [id for kind, id in by_thing if kind == "source"])
    others = _find_others(session, user_id, [id for kind, id in by_thing if kind == "memory"], rows)
    steps = [_step_of_source(chain, sources.get(id)) for (kind, id), chain in by_thing.items() if kind == "source"]
    for (kind, id), chain in by_thing.items():
        if kind == "memory":
            steps.append(_step_of_memory(chain, memories.get(id), others.get(id, ())))
    return Plan(steps)


def _step_of_memory(chain: Sequence[Row[Any]], now: Row[Any] | None, others: Sequence[Row[Any]]) -> Step:
    first, last = chain[0], chain[-1]
    is_gone = now is None
    acts: dict[bool, Act] = (
        {True: "nothing", False: "delete"} if first.kind == "added" else {True: "restore", False: "revert"}
    )
    act = acts[is_gone]
    left_alone = all(after.updated_at == before.left_at for before, after in pairwise(chain))
    as_it_was_left = now is None if last.kind == "deleted" else now is not None and now.updated_at == last.left_at
    if now is None and last.kind != "deleted" and not others:
        # Neither this app nor another deleted it: the person did, and what they deleted is gone.
        act = "nothing"
    title = now.title if now is not None else first.title or last.title or ""
    is_now = "" if now is None else now.updated_at.isoformat()
    by = None if (left_alone and as_it_was_left) or not others else others[-1].grant_id
    is_disputed = not (left_alone and as_it_was_left)
    return Step(first.id, tuple(row.id for row in chain), first.memory_id, act, title, is_disputed, by, is_now)


def _step_of_source(chain: Sequence[Row[Any]], now: Row[Any] | None) -> Step:
    """A source that an app renamed gets its name back; one that it deleted comes back."""
    first, last = chain[0], chain[-1]
    act: Act = "revert" if now is not None else "restore"
    if now is None and last.kind != "deleted":
        act = "nothing"
    # What the app called it stands in the title of what it changed.
    is_disputed = (now is not None) == (last.kind == "deleted") or (now is not None and now.name != last.title)
    title = first.integration_name if now is None else now.name
    ids = tuple(row.id for row in chain)
    # What named it stands where it was deleted; what it was called, where it was renamed first.
    return Step(
        last.id if act == "restore" else first.id,
        ids,
        None,
        act,
        title,
        is_disputed,
        None,
        "" if now is None else now.name,
    )


def _find_memories(session: Session, user_id: str, ids: Sequence[str]) -> Mapping[str, Row[Any]]:
    found: dict[str, Row[Any]] = {}
    for start in range(0, len(ids), _BATCH):
        rows = select(Memory.id, Memory.title, Memory.updated_at)
        of_these = Memory.id.in_(ids[start : start + _BATCH]), Memory.user_id == user_id
        found |= {row.id: row for row in session.execute(rows.where(*of_these))}
    return found


def _find_sources(session: Session, user_id: str, ids: Sequence[str]) -> Mapping[str, Row[Any]]:
    rows: Any = select(Integration.id, Integration.name).where(Integration.id.in_(ids), Integration.user_id == user_id)
    return {row.id: row for row in session.execute(rows)}


def _find_others(
    session: Session, user_id: str, ids: Sequence[str], own: Sequence[Row[Any]]
) -> Mapping[str, Sequence[Row[Any]]]:
    """What other apps did to these memories after the first of what is undone."""
    begins: dict[str, datetime] = {}
    for row in own:
        if row.memory_id is not None:
            begins.setdefault(row.memory_id, row.at)
    own_ids = {row.id for row in own}
    found: dict[str, list[Row[Any]]] = defaultdict(list)
    for start in range(0, len(ids), _BATCH):
        rows = select(*_COLUMNS).where(AppChange.memory_id.in_(ids[start : start + _BATCH]))
        for row in session.execute(_in_order(rows, user_id)):
            if row.id not in own_ids and row.at >= begins[row.memory_id]:
                found[row.memory_id].append(row)
    return found
