"""When consents, sessions and secrets were last used: noted in memory, and written down a little later.

The request that uses one never waits for that, and needs no database that can be written.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import Engine, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from app import clock, metrics
from app.database.access import may_note
from app.notes import Notes, WriteBehind

#: A row is written at most once in this time, however often it is used.
INTERVAL = timedelta(minutes=1)
# So many rows wait at most while the database cannot be written; of further ones the use is forgotten.
_MOST_WAITING = 50_000
# An instant further ahead than clocks are apart was written by one that has been put back since.
_MOST_AHEAD = timedelta(hours=1)
_AHEAD = -_MOST_AHEAD
# SQLite takes so many values in one statement, and more.
_BATCH = 500


class Used(Struct, frozen=True):
    """A kind of row: the column that says which it is, and the one that says when it was last used."""

    key: InstrumentedAttribute[Any]
    last_used_at: InstrumentedAttribute[Any]


_Noted = dict[tuple[Used, str], datetime]


class LastUses(WriteBehind):
    """What one process has noted and not yet written down."""

    name = "last-uses"
    subject = "When what was last used"

    def __init__(self, engine: Engine, among: Notes) -> None:
        super().__init__(engine, among)
        self._noted: _Noted = {}

    def note(self, kind: Used, key: str, last_used_at: datetime | None, interval: timedelta = INTERVAL) -> None:
        """Note that a row was used now; ``last_used_at`` is what the database says of it."""
        at = clock.now()
        if last_used_at is not None and _AHEAD < at - last_used_at < interval:
            return
        noted = self._noted.get((kind, key))
        # A HEAD leaves everything as it is.
        if not may_note():
            return
        # Without the lock: a use that is forgotten here is a moment older than one that is kept.
        if noted is not None and _AHEAD < at - noted < interval:
            return
        with self.lock:
            if noted is None and len(self._noted) >= _MOST_WAITING:
                metrics.NOTES_LOST.inc(self.name)
                return
            self._noted[kind, key] = at
        self.wake()

    def find(self, kind: Used, key: str) -> datetime | None:
        """Returns when this process last noted a use that is not written down yet."""
        return self._noted.get((kind, key))

    def count(self) -> int:
        return len(self._noted)

    def _take(self) -> _Noted:
        noted, self._noted = self._noted, {}
        return noted

    def _write(self, notes: _Noted) -> None:
        # What was used within one second counts as used together, so that one statement does for many rows.
        groups: defaultdict[tuple[Used, datetime], list[str]] = defaultdict(list)
        for (kind, key), at in notes.items():
            groups[kind, at.replace(microsecond=0)].append(key)
        for (kind, _), keys in groups.items():
            at = max(notes[kind, key] for key in keys)
            for start in range(0, len(keys), _BATCH):
                with self.engine.begin() as connection:
                    connection.execute(_write_uses(kind, keys[start : start + _BATCH], at))

    def _put_back(self, notes: _Noted) -> None:
        self._noted = {**notes, **self._noted}


def _write_uses(kind: Used, keys: list[str], at: datetime) -> Any:
    is_older = or_(kind.last_used_at.is_(None), kind.last_used_at < at, kind.last_used_at > at + _MOST_AHEAD)
    # A row that somebody else is changing is left alone: nobody waits, and its next use is noted again.
    mine = select(kind.key).where(kind.key.in_(keys), is_older).with_for_update(skip_locked=True, key_share=True)
    return update(kind.key.class_).where(kind.key.in_(mine)).values(last_used_at=at)
