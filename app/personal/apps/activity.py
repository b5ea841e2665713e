"""What an app did under one consent, minute by minute."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, select

from app.consents.receipts import AccessRecord
from app.extensions import db
from app.memories.built_in import ALL
from app.memories.models import Memento

_NAME = case((AccessRecord.memento_key == ALL.id, ALL.name), else_=Memento.name)
#: Minute and action -> memento and count.
_Parts = dict[tuple[datetime, str], list[tuple[str | None, int]]]
#: How many minutes a page shows.
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """One minute of reading or writing. ``parts`` says of how many memories in which memento; None is a deleted one."""

    at: datetime
    action: str
    count: int
    parts: list[tuple[str | None, int]]


def list_activity(grant_id: str, page: int) -> tuple[list[Entry], bool]:
    """A page of what was done under the consent, the latest first, and whether there is more."""
    records = db.session.scalars(
        select(AccessRecord)
        .where(AccessRecord.grant_id == grant_id, AccessRecord.memento_key == "")
        .order_by(AccessRecord.minute.desc(), AccessRecord.action)
        .limit(PAGE_SIZE + 1)
        .offset((page - 1) * PAGE_SIZE)
    ).all()
    shown = records[:PAGE_SIZE]
    parts = _find_parts(grant_id, shown)
    entries = [Entry(one.minute, one.action, one.count, parts[one.minute, one.action]) for one in shown]
    return entries, len(records) > PAGE_SIZE


def _find_parts(grant_id: str, records: Sequence[AccessRecord]) -> _Parts:
    parts: _Parts = defaultdict(list)
    if records:
        rows = db.session.execute(
            select(AccessRecord.minute, AccessRecord.action, _NAME, AccessRecord.count)
            .outerjoin(Memento, Memento.id == AccessRecord.memento_id)
            .where(
                AccessRecord.grant_id == grant_id,
                AccessRecord.memento_key != "",
                AccessRecord.minute.between(records[-1].minute, records[0].minute),
            )
            .order_by(AccessRecord.count.desc(), Memento.name)
        )
        for minute, action, name, count in rows:
            parts[minute, action].append((name, count))
    return parts
