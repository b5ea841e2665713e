"""What apps did, minute by minute: how much, in which mementos, which memories, and what they asked."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct, field
from sqlalchemy import ColumnElement, Row, case, literal, or_, select, tuple_

from app.clients.models import Client
from app.consents.models import Consent
from app.consents.receipts import READ, SEARCHED, AccessRecord, ReceiptDetail, ReceiptMemory
from app.consents.receipts.writing import MOST_NAMED
from app.extensions import db
from app.memories.built_in import ALL
from app.memories.models import Memento, Memory
from app.personal.activity.filters import Wanted

#: How many minutes a page shows.
PAGE_SIZE = 9
#: How many memories stand in a line; the rest is folded away.
_IN_A_LINE = 2
_NAME = case((AccessRecord.memento_key == ALL.id, ALL.name), else_=Memento.name)
# SQLite takes so many values in one statement, and more.
_BATCH = 500


class Named(Struct, frozen=True):
    """A memory that a receipt names, by its title of now; None for one that is deleted."""

    id: str
    title: str | None


class Detail(Struct, frozen=True):
    """One kind of act in one minute; of searches, one question, empty when it was not kept."""

    kind: str
    question: str
    calls: int
    count: int
    memories: list[Named]

    @property
    def is_long(self) -> bool:
        """Whether it names more than stands in a line."""
        return len(self.memories) > _IN_A_LINE


class Entry(Struct, frozen=True):
    """One minute of reading or writing. ``parts`` says of how many memories in which memento; None is a deleted one."""

    at: datetime
    grant_id: str
    app_name: str
    action: str
    count: int
    parts: list[tuple[str | None, int]] = field(default_factory=list)
    details: list[Detail] = field(default_factory=list)


#: Which entry something belongs to: consent, minute and action.
_Key = tuple[str, datetime, str]


def list_entries(wanted: Wanted, page: int) -> tuple[list[Entry], bool]:
    """Returns a page of what was done, the latest first, and whether there is more."""
    rows = db.session.execute(_select(wanted).limit(PAGE_SIZE + 1).offset((page - 1) * PAGE_SIZE)).all()
    return _complete(wanted, rows[:PAGE_SIZE]), len(rows) > PAGE_SIZE


def list_after(wanted: Wanted, after: Entry | None, most: int) -> list[Entry]:
    """Returns the next so many entries that follow one of an earlier list; the first without one."""
    statement = _select(wanted)
    if after is not None:
        place = AccessRecord.minute, AccessRecord.grant_id, AccessRecord.action
        statement = statement.where(AccessRecord.minute <= after.at, tuple_(*place) < tuple_(*_values(place, after)))
    return _complete(wanted, db.session.execute(statement.limit(most)).all())


def _values(columns: Sequence[Any], entry: Entry) -> list[Any]:
    values = (entry.at, entry.grant_id, entry.action)
    return [literal(value, column.type) for value, column in zip(values, columns, strict=True)]


def _select(wanted: Wanted) -> Any:
    return (
        select(
            AccessRecord.minute,
            AccessRecord.grant_id,
            AccessRecord.action,
            AccessRecord.count.label("amount"),
            Consent.name,
            Client.name.label("client_name"),
        )
        .join(Consent, Consent.grant_id == AccessRecord.grant_id)
        .join(Client, Client.key == Consent.client_key)
        .where(*wanted.conditions())
        .order_by(AccessRecord.minute.desc(), AccessRecord.grant_id.desc(), AccessRecord.action.desc())
    )


def _complete(wanted: Wanted, rows: Sequence[Row[Any]]) -> list[Entry]:
    entries = {
        (row.grant_id, row.minute, row.action): Entry(
            row.minute, row.grant_id, row.name or row.client_name, row.action, row.amount
        )
        for row in rows
    }
    if entries:
        _add_parts(entries)
        _add_details(entries, wanted)
    return list(entries.values())


def _of_these(entries: dict[_Key, Entry], model: Any) -> ColumnElement[bool]:
    # Of these minutes alone: between the first and the last that a filter finds may lie everything there is. Each by the
    # index: for pairs among several pairs SQLite goes through the whole table.
    minutes: defaultdict[str, set[datetime]] = defaultdict(set)
    for entry in entries.values():
        minutes[entry.grant_id].add(entry.at)
    return or_(*((model.grant_id == grant_id) & model.minute.in_(sorted(each)) for grant_id, each in minutes.items()))


def _add_parts(entries: dict[_Key, Entry]) -> None:
    rows = db.session.execute(
        select(AccessRecord.grant_id, AccessRecord.minute, AccessRecord.action, _NAME, AccessRecord.count)
        .outerjoin(Memento, Memento.id == AccessRecord.memento_id)
        .where(_of_these(entries, AccessRecord), AccessRecord.memento_key != "")
        .order_by(AccessRecord.count.desc(), Memento.name)
    )
    for grant_id, minute, action, name, count in rows:
        entry = entries.get((grant_id, minute, action))
        if entry is not None:
            entry.parts.append((name, count))


def _add_details(entries: dict[_Key, Entry], wanted: Wanted) -> None:
    found = []
    for detail in db.session.scalars(
        select(ReceiptDetail).where(_of_these(entries, ReceiptDetail)).order_by(ReceiptDetail.id)
    ):
        action = "read" if detail.kind in (READ, SEARCHED) else "write"
        entry = entries.get((detail.grant_id, detail.minute, action))
        if entry is not None and wanted.shows(detail.kind):
            found.append((entry, detail))
    named = _find_named(wanted.user_id, [detail.id for _entry, detail in found])
    for entry, detail in found:
        memories = named[detail.id]
        if wanted.memory_id is None or any(memory.id == wanted.memory_id for memory in memories):
            entry.details.append(Detail(detail.kind, detail.question, detail.calls, detail.count, memories))


def _find_named(user_id: str, detail_ids: Sequence[int]) -> dict[int, list[Named]]:
    """By detail the memories that it names, by title, those that are deleted last."""
    named: dict[int, list[Named]] = defaultdict(list)
    for start in range(0, len(detail_ids), _BATCH):
        rows = db.session.execute(
            select(ReceiptMemory.detail_id, ReceiptMemory.memory_id, Memory.title)
            .outerjoin(Memory, (Memory.id == ReceiptMemory.memory_id) & (Memory.user_id == user_id))
            .where(ReceiptMemory.detail_id.in_(detail_ids[start : start + _BATCH]))
        )
        for detail_id, memory_id, title in rows:
            named[detail_id].append(Named(memory_id, title))
    return defaultdict(
        list,
        {
            id: sorted(each, key=lambda one: (one.title is None, one.title or ""))[:MOST_NAMED]
            for id, each in named.items()
        },
    )
