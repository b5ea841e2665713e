"""Gaps: a process that ended by force may have noted reads that nobody has written down. The page names when.

Each process that notes reads has a row (:class:`ReceiptWriter`) while it runs, and says now and then up to when it has
written everything down. A row that says nothing any more is a process that did not end as it should.
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import Engine, String, bindparam, delete, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app import clock
from app.consents.receipts import ReceiptWriter
from app.credentials import new_id
from app.database.access import expect_writes
from app.database.types import UtcDateTime

#: How often a process says so that has nothing to write, and after how long one that says nothing counts as ended.
HEARTBEAT = timedelta(seconds=30)
_SILENT = timedelta(seconds=120)
_MOST_TOLD = 20
# Between the last note that was written and the sign.
_SLACK = timedelta(seconds=5)

_SAY = text(
    """
    INSERT INTO receipt_writers (id, seen_at) VALUES (:id, :at)
    ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at
    """
).bindparams(bindparam("id", type_=String), bindparam("at", type_=UtcDateTime()))


class Gap(Struct, frozen=True):
    """A span in which apps may have read what no receipt tells."""

    begin: datetime
    end: datetime


class LifeSign:
    """That a process is there and has written down everything, said in the database by the thread that writes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._id: str | None = None
        self._given: float | None = None

    def give(self) -> None:
        """Say it now. What the database does not take is said the next time."""
        # The process that it is made in may fork those that note something.
        self._id = self._id or new_id("wrt")
        at = clock.now()
        if self._write(_SAY, {"id": self._id, "at": at}):
            self._given = time.monotonic()

    def give_sometimes(self) -> None:
        """Say it unless that was only a moment ago."""
        if self._given is None or time.monotonic() - self._given > HEARTBEAT.total_seconds():
            self.give()

    def take_back(self) -> None:
        """Say that the process ends as it should."""
        self._write(delete(ReceiptWriter).where(ReceiptWriter.id == self._id), {})

    def _write(self, statement: Any, values: dict[str, Any]) -> bool:
        try:
            with expect_writes(), self._engine.begin() as connection:
                connection.execute(statement, values)
        except DBAPIError:
            # Whoever writes the notes meets the same, and says so.
            return False
        return True


def list_gaps(session: Session, begin: datetime, end: datetime | None) -> Sequence[Gap]:
    """Returns the latest gaps of a span of time, the latest first; those that overlap are one."""
    seen = ReceiptWriter.seen_at
    silent = select(seen).where(seen >= begin - HEARTBEAT, seen < clock.now() - _SILENT)
    if end is not None:
        silent = silent.where(seen < end)
    gaps: list[Gap] = []
    for at in session.scalars(silent.order_by(seen.desc()).limit(_MOST_TOLD)):
        gap = Gap(at - _SLACK, at + HEARTBEAT + _SLACK)
        if gaps and gap.end >= gaps[-1].begin:
            gaps[-1] = Gap(gap.begin, gaps[-1].end)
        else:
            gaps.append(gap)
    return gaps
