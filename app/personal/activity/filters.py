"""Which receipts a person wants to see: of which app, which day, which kind, and about which memory."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, select

from app import clock
from app.consents.models import Consent
from app.consents.receipts import (
    ADDED,
    ARRANGED,
    CHANGED,
    DELETED,
    READ,
    SEARCHED,
    AccessRecord,
    ReceiptDetail,
    ReceiptMemory,
)
from app.http.moments.zones import start_of
from app.sentences import _

#: What can be filtered by, and how the page calls it. To read includes to search, as both give memories away.
KINDS = {
    READ: _("read"),
    SEARCHED: _("searched"),
    ADDED: _("added"),
    CHANGED: _("changed"),
    DELETED: _("deleted"),
    ARRANGED: _("put into mementos, or took out"),
}


class Wanted(Struct, frozen=True):
    """Receipts of one person, as far back as they are kept; None is no filter."""

    user_id: str
    kept_days: int
    kept_since: datetime
    grant_id: str | None = None
    on_day: date | None = None
    kind: str | None = None
    memory_id: str | None = None

    @property
    def sent(self) -> dict[str, str]:
        """What an address says for the same filters."""
        sent = {"app": self.grant_id, "day": self.on_day and self.on_day.isoformat(), "kind": self.kind}
        return {name: value for name, value in {**sent, "memory": self.memory_id}.items() if value}

    @property
    def is_filtered(self) -> bool:
        return bool(self.sent)

    @property
    def begin(self) -> datetime:
        """The first moment of what is wanted."""
        return self.kept_since if self.on_day is None else max(self.kept_since, start_of(self.on_day))

    @property
    def end(self) -> datetime | None:
        """The moment before which it ends."""
        return None if self.on_day is None else start_of(self.on_day + timedelta(days=1))

    def conditions(self) -> list[ColumnElement[bool]]:
        """Returns conditions on :class:`AccessRecord` and the :class:`Consent` that it is under."""
        conditions: list[ColumnElement[bool]] = [
            Consent.user_id == self.user_id,
            AccessRecord.memento_key == "",
            AccessRecord.minute >= self.begin,
        ]
        if self.end is not None:
            conditions.append(AccessRecord.minute < self.end)
        if self.grant_id is not None:
            conditions.append(AccessRecord.grant_id == self.grant_id)
        if self.kind is not None:
            conditions.append(AccessRecord.action == ("read" if self.kind in (READ, SEARCHED) else "write"))
        if self.kind not in (None, READ) or self.memory_id is not None:
            conditions.append(select(ReceiptDetail.id).where(*self._detail_conditions()).exists())
        return conditions

    def shows(self, kind: str) -> bool:
        """Returns whether details of this kind are wanted."""
        return self.kind is None or self.kind == kind or (self.kind == READ and kind == SEARCHED)

    def _detail_conditions(self) -> list[ColumnElement[bool]]:
        reads = (READ, SEARCHED)
        is_of_action = and_(
            (AccessRecord.action == "read") == ReceiptDetail.kind.in_(reads),
            ReceiptDetail.grant_id == AccessRecord.grant_id,
            ReceiptDetail.minute == AccessRecord.minute,
        )
        conditions: list[ColumnElement[bool]] = [is_of_action]
        if self.kind is not None:
            conditions.append(ReceiptDetail.kind.in_(reads if self.kind == READ else (self.kind,)))
        if self.memory_id is not None:
            named = ReceiptMemory.detail_id == ReceiptDetail.id, ReceiptMemory.memory_id == self.memory_id
            conditions.append(select(ReceiptMemory.memory_id).where(*named).exists())
        return conditions


def read_wanted(sent: Mapping[str, Any], user_id: str, kept_days: int, grant_id: str | None) -> Wanted:
    """Returns what an address asks for. What is no day, kind or id is no filter."""
    kept_since = clock.now() - timedelta(days=kept_days)
    kind, memory_id = sent.get("kind"), sent.get("memory", "")
    return Wanted(
        user_id=user_id,
        kept_days=kept_days,
        kept_since=kept_since,
        grant_id=grant_id,
        on_day=_read_day(sent.get("day", "")),
        kind=kind if kind in KINDS else None,
        memory_id=memory_id if memory_id.isascii() and memory_id.isprintable() and 0 < len(memory_id) <= 40 else None,
    )


def _read_day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # Beyond these there is no next day to end before, and where a zone went over the date line a day was left out.
    is_one = 1970 <= day.year < 9999 and start_of(day) < start_of(day + timedelta(days=1))
    return day if is_one else None
