"""What apps read, noted in memory and written down every few seconds.

The request that reads never writes. What was noted is counted by grant and minute, and by the mementos that the consent
covered then; in which of those the memories lay is asked of the database when it is written down. What apps write is
written down where it is done (:mod:`app.consents.receipts.writing`).
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct, field
from sqlalchemy import Engine

from app import clock
from app.consents.receipts import READ, SEARCHED
from app.consents.receipts.gaps import LifeSign
from app.consents.receipts.writing import Detail, Row, count_by_memento, read_question, write_detail, write_rows
from app.database.access import expect_reads, may_note
from app.notes import Notes, WriteBehind

# So many memories wait at most with their ids; of further ones only the number is known.
_MOST_IDS = 50_000
# So many different questions of one app wait at most; of further ones only the number is known.
_MOST_QUESTIONS = 50

#: What is counted together: whose doing, in which minute, and the mementos it could lie in.
_Key = tuple[str, datetime, tuple[str, ...]]


class _Seen(Struct):
    """What was noted under one key. In which mementos it lay is to be looked up for ``by_memory``.

    ``details`` are by kind and question.
    """

    total: int = 0
    by_memory: Counter[str] = field(default_factory=Counter)
    details: dict[tuple[str, str], Detail] = field(default_factory=dict)

    def add_detail(self, kind: str, question: str, calls: int, count: int, memory_ids: Iterable[str]) -> None:
        if (kind, question) not in self.details and len(self.details) >= _MOST_QUESTIONS:
            question = ""
        self.details.setdefault((kind, question), Detail()).add(calls, count, memory_ids)


class AccessLog(WriteBehind):
    """What one process has noted and not yet written down."""

    name = "access-log"
    subject = "What apps did"

    def __init__(self, engine: Engine, among: Notes) -> None:
        super().__init__(engine, among)
        self._seen: dict[_Key, _Seen] = {}
        self._ids = 0
        self._sign = LifeSign(engine)

    def note(
        self, grant_id: str, memory_ids: Iterable[str], within: Iterable[str], question: str | None = None
    ) -> None:
        """Note that memories were read under a consent, each once a call; with a question, that they were found by it.

        ``within`` are the mementos that the consent covers at this moment, the built-in one among them if it covers
        that.
        """
        # A HEAD gives nothing away, not even a length: there is nothing to note.
        if not may_note():
            return
        memory_ids = list(memory_ids)
        key = (grant_id, clock.now().replace(second=0, microsecond=0), tuple(within))
        kind, question = (READ, "") if question is None else (SEARCHED, read_question(question))
        with self.lock:
            seen = self._seen.setdefault(key, _Seen())
            seen.total += len(memory_ids)
            named = memory_ids if self._ids < _MOST_IDS else []
            seen.by_memory.update(named)
            self._ids += len(named)
            seen.add_detail(kind, question, 1, len(memory_ids), named)
        self.wake()

    def count(self) -> int:
        return len(self._seen)

    def _take(self) -> dict[_Key, _Seen]:
        seen, self._seen, self._ids = self._seen, {}, 0
        return seen

    def _write(self, notes: dict[_Key, _Seen]) -> None:
        _write(self.engine, notes)

    def _begin(self) -> None:
        self._sign.give()

    def _rest(self) -> None:
        self._sign.give_sometimes()

    def _end(self) -> None:
        self._sign.take_back()

    def _put_back(self, notes: dict[_Key, _Seen]) -> None:
        for key, one in notes.items():
            kept = self._seen.setdefault(key, _Seen())
            kept.total += one.total
            if self._ids < _MOST_IDS:
                kept.by_memory.update(one.by_memory)
                self._ids += one.by_memory.total()
            for (kind, question), detail in one.details.items():
                kept.add_detail(kind, question, detail.calls, detail.count, detail.memory_ids)


def _write(engine: Engine, seen: dict[_Key, _Seen]) -> None:
    rows, details = _count(engine, seen), _gather(seen)
    with engine.begin() as connection:
        write_rows(connection, rows)
        # In one order in all processes, so that none waits for another in a circle.
        for (grant_id, minute, kind, question), detail in sorted(details.items(), key=lambda one: one[0]):
            write_detail(connection, grant_id, minute, kind, question, detail)


def _count(engine: Engine, seen: dict[_Key, _Seen]) -> list[Row]:
    """Rows of grant, action, minute, memento and count; without a memento it is the whole."""
    rows = []
    with expect_reads(), engine.begin() as connection:
        for (grant_id, minute, within), one in seen.items():
            counts = count_by_memento(connection, grant_id, within, one.by_memory)
            told = {"": one.total} | {memento_id: count for memento_id, count in counts.items() if count}
            rows += [(grant_id, "read", minute, memento_id, count) for memento_id, count in told.items()]
    return rows


def _gather(seen: dict[_Key, _Seen]) -> dict[tuple[str, datetime, str, str], Detail]:
    """By grant, minute, kind and question, whatever the consent covered then."""
    details: dict[tuple[str, datetime, str, str], Detail] = {}
    for (grant_id, minute, _within), one in seen.items():
        for (kind, question), detail in one.details.items():
            gathered = details.setdefault((grant_id, minute, kind, question), Detail())
            gathered.add(detail.calls, detail.count, detail.memory_ids)
    return details
