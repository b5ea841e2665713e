"""What apps read and wrote, noted in memory and written down every few seconds.

The request that reads never writes. What was noted is counted by grant, action and minute, and by the mementos that the
consent covered then; in which of those the memories lay is asked of the database when it is written down.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Engine, String, bindparam, select, text

from app import clock
from app.consents.details import EVERYTHING
from app.consents.models import Consent
from app.consents.saved import SavedMemento, is_saved_under
from app.credentials import new_id
from app.database.access import expect_reads, may_note
from app.database.types import UtcDateTime
from app.memories.contents import memories_of_mementos
from app.memories.models import Memory
from app.notes import Notes, WriteBehind

# So many memories wait at most with their ids; of further ones only the number is known.
_MOST_IDS = 50_000
# SQLite takes so many values in one statement, and more.
_BATCH = 500

#: What is counted together: whose doing, which action, in which minute, and the mementos it could lie in.
_Key = tuple[str, str, datetime, tuple[str, ...]]

_UPSERT = text(
    """
    INSERT INTO access_records (id, grant_id, minute, action, memento_key, memento_id, count)
    SELECT :id, :grant_id, :minute, :action, :memento_key, (SELECT id FROM mementos WHERE id = :memento_key), :count
    WHERE EXISTS (SELECT 1 FROM consents WHERE grant_id = :grant_id)
    ON CONFLICT (grant_id, minute, action, memento_key) DO UPDATE SET count = access_records.count + excluded.count
    """
).bindparams(
    bindparam("id", type_=String),
    bindparam("grant_id", type_=String),
    bindparam("minute", type_=UtcDateTime()),
    bindparam("action", type_=String),
    bindparam("memento_key", type_=String),
)


@dataclass(slots=True)
class _Seen:
    """What was noted under one key. ``by_memento`` is what was known at once, ``by_memory`` is to be looked up."""

    total: int = 0
    by_memory: Counter[str] = field(default_factory=Counter)
    by_memento: Counter[str] = field(default_factory=Counter)


class AccessLog(WriteBehind):
    """What one process has noted and not yet written down."""

    name = "access-log"
    subject = "What apps did"

    def __init__(self, engine: Engine, among: Notes) -> None:
        super().__init__(engine, among)
        self._seen: dict[_Key, _Seen] = {}
        self._ids = 0

    def note(
        self,
        grant_id: str,
        action: str,
        memory_ids: Iterable[str],
        within: Iterable[str],
        memento_ids: Iterable[str] | None = None,
    ) -> None:
        """Note that memories were read or written under a consent, each once a call.

        ``within`` are the mementos that the consent covers at this moment, :data:`EVERYTHING` among them if it covers
        that. ``memento_ids`` names, for each memory and each memento it lay in, the memento; None when that can be
        looked up.
        """
        # A HEAD gives nothing away, not even a length: there is nothing to note.
        if not may_note():
            return
        memory_ids = list(memory_ids)
        key = (grant_id, action, clock.now().replace(second=0, microsecond=0), tuple(within))
        with self.lock:
            seen = self._seen.setdefault(key, _Seen())
            seen.total += len(memory_ids)
            if memento_ids is not None:
                seen.by_memento.update(memento_ids)
            elif self._ids < _MOST_IDS:
                seen.by_memory.update(memory_ids)
                self._ids += len(memory_ids)
        self.wake()

    def count(self) -> int:
        return len(self._seen)

    def _take(self) -> dict[_Key, _Seen]:
        seen, self._seen, self._ids = self._seen, {}, 0
        return seen

    def _write(self, notes: dict[_Key, _Seen]) -> None:
        _write(self.engine, notes)

    def _put_back(self, notes: dict[_Key, _Seen]) -> None:
        for key, one in notes.items():
            kept = self._seen.setdefault(key, _Seen())
            kept.total += one.total
            kept.by_memento.update(one.by_memento)
            if self._ids < _MOST_IDS:
                kept.by_memory.update(one.by_memory)
                self._ids += one.by_memory.total()


def _write(engine: Engine, seen: dict[_Key, _Seen]) -> None:
    rows = _count(engine, seen)
    with engine.begin() as connection:
        # In one order in all processes, so that none waits for another in a circle.
        for grant_id, action, minute, memento_key, count in sorted(rows):
            values = {"grant_id": grant_id, "action": action, "minute": minute, "memento_key": memento_key}
            connection.execute(_UPSERT, {**values, "id": new_id("acc"), "count": count})


def _count(engine: Engine, seen: dict[_Key, _Seen]) -> list[tuple[str, str, datetime, str, int]]:
    """Rows of grant, action, minute, memento and count; without a memento it is the whole."""
    rows = []
    with expect_reads(), engine.begin() as connection:
        for (grant_id, action, minute, within), one in seen.items():
            counts = Counter(one.by_memento)
            for memento_id in _could_hold(connection, grant_id, within) if one.by_memory else ():
                counts[memento_id] += _count_in(connection, memento_id, one.by_memory)
            told = {"": one.total} | {memento_id: count for memento_id, count in counts.items() if count}
            rows += [(grant_id, action, minute, memento_id, count) for memento_id, count in told.items()]
    return rows


def _could_hold(connection: Connection, grant_id: str, within: tuple[str, ...]) -> list[str]:
    """The mementos that the consent covered, and the app's own, which its first write has only just made."""
    saved = select(SavedMemento.memento_id).join(Consent, is_saved_under(Consent)).where(Consent.grant_id == grant_id)
    return sorted({*within, *connection.scalars(saved)})


def _count_in(connection: Connection, memento_id: str, by_memory: Counter[str]) -> int:
    if memento_id == EVERYTHING:
        return by_memory.total()
    ids, count = list(by_memory), 0
    for start in range(0, len(ids), _BATCH):
        inside = select(Memory.id).where(Memory.id.in_(ids[start : start + _BATCH]), memories_of_mementos([memento_id]))
        count += sum(by_memory[id] for id in connection.scalars(inside))
    return count
