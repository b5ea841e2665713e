"""Writing receipts down: of an app's writes in the transaction in which they are done, of its reads a moment later."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct, field
from sqlalchemy import BigInteger, Connection, Integer, String, Text, bindparam, select, text
from sqlalchemy.orm import Session

from app import clock
from app.consents.details import EVERYTHING
from app.consents.models import Consent
from app.consents.receipts import ReceiptMemory
from app.consents.saved import SavedMemento, is_saved_under
from app.credentials import new_id
from app.database.types import UtcDateTime
from app.memories.holding import list_holding

#: How many memories a receipt names; of further ones there is the count.
MOST_NAMED = 100
#: How many characters of a question are kept.
_LONGEST_QUESTION = 500
# SQLite takes so many values in one statement, and more.
_BATCH = 500

# Somebody who keeps no receipts has none written, whoever was about to.
_IS_KEPT = """EXISTS (SELECT 1 FROM consents JOIN users ON users.id = consents.user_id
        WHERE consents.grant_id = :grant_id AND users.receipts_days > 0)"""

_UPSERT = text(
    f"""
    INSERT INTO access_records (id, grant_id, minute, action, memento_key, memento_id, count)
    SELECT :id, :grant_id, :minute, :action, :memento_key, (SELECT id FROM mementos WHERE id = :memento_key), :count
    WHERE {_IS_KEPT}
    ON CONFLICT (grant_id, minute, action, memento_key) DO UPDATE SET count = access_records.count + excluded.count
    """
).bindparams(
    bindparam("id", type_=String),
    bindparam("grant_id", type_=String),
    bindparam("minute", type_=UtcDateTime()),
    bindparam("action", type_=String),
    bindparam("memento_key", type_=String),
)
_UPSERT_DETAIL = (
    text(
        f"""
    INSERT INTO receipt_details (grant_id, minute, kind, question_key, question, calls, count)
    SELECT :grant_id, :minute, :kind, :question_key, :question, :calls, :count
    WHERE {_IS_KEPT}
    ON CONFLICT (grant_id, minute, kind, question_key) DO UPDATE
    SET calls = receipt_details.calls + excluded.calls, count = receipt_details.count + excluded.count
    RETURNING id, calls
    """
    )
    .bindparams(
        bindparam("grant_id", type_=String),
        bindparam("minute", type_=UtcDateTime()),
        bindparam("kind", type_=String),
        bindparam("question_key", type_=String),
        bindparam("question", type_=Text),
        bindparam("calls", type_=Integer),
        bindparam("count", type_=Integer),
    )
    .columns(id=BigInteger, calls=Integer)
)
_NAME = text(
    "INSERT INTO receipt_memories (detail_id, memory_id) VALUES (:detail_id, :memory_id) ON CONFLICT DO NOTHING"
)

#: A minute of reading or writing, whose ``memento_key`` is empty for the whole of it.
Row = tuple[str, str, datetime, str, int]


class Detail(Struct):
    """Of one kind of act in one minute, and of one question: how often, how many memories, and the first of them."""

    calls: int = 0
    count: int = 0
    memory_ids: dict[str, None] = field(default_factory=dict)

    def add(self, calls: int, count: int, memory_ids: Iterable[str]) -> None:
        """Count more of the same."""
        self.calls += calls
        self.count += count
        for memory_id in memory_ids:
            if len(self.memory_ids) >= MOST_NAMED:
                break
            self.memory_ids[memory_id] = None


class Written(Struct, frozen=True):
    """Memories that an app wrote, by one of :data:`app.consents.receipts.KINDS`.

    ``memento_ids`` names, for each of them and each memento it lay in, the memento; None where that can be looked up.
    """

    kind: str
    memory_ids: Sequence[str]
    memento_ids: Sequence[str] | None = None


def read_question(question: str) -> str:
    """Returns as much of a question as is kept, in characters that any database takes."""
    shown = question[:_LONGEST_QUESTION].replace("\0", " ").strip()
    return shown.encode("utf-8", "replace").decode()


# -- writes ----------------------------------------------------------------------------------------


def write_receipts(session: Session, grant_id: str, writes: Sequence[Written], within: Sequence[str]) -> None:
    """Write down what was written under a consent, in its transaction. ``within`` are the mementos it covers."""
    minute = clock.now().replace(second=0, microsecond=0)
    connection = session.connection()
    counts: Counter[str] = Counter()
    for one in writes:
        counts[""] += len(one.memory_ids)
        if one.memento_ids is not None:
            counts.update(one.memento_ids)
        else:
            counts.update(count_by_memento(connection, grant_id, within, Counter(one.memory_ids)))
    write_rows(connection, [(grant_id, "write", minute, memento_id, count) for memento_id, count in counts.items()])
    details: dict[str, Detail] = {}
    for one in writes:
        details.setdefault(one.kind, Detail()).add(1, len(one.memory_ids), one.memory_ids)
    for kind, detail in sorted(details.items()):
        write_detail(connection, grant_id, minute, kind, "", detail)


# -- statements ------------------------------------------------------------------------------------


def write_rows(connection: Connection, rows: Iterable[Row]) -> None:
    """Write minutes down, or add to those that are there, in one order: so nobody waits for another in a circle."""
    names = ("grant_id", "action", "minute", "memento_key", "count")
    values = [{"id": new_id("acc"), **dict(zip(names, row, strict=True))} for row in sorted(rows)]
    if values:
        connection.execute(_UPSERT, values)


def write_detail(
    connection: Connection, grant_id: str, minute: datetime, kind: str, question: str, detail: Detail
) -> None:
    """Write down what stands behind a minute, or add to it."""
    row = connection.execute(
        _UPSERT_DETAIL,
        {
            "grant_id": grant_id,
            "minute": minute,
            "kind": kind,
            "question_key": hashlib.sha256(question.encode()).hexdigest() if question else "",
            "question": question,
            "calls": detail.calls,
            "count": detail.count,
        },
    ).first()
    if row is None or not detail.memory_ids:
        return
    of_it = select(ReceiptMemory.memory_id).where(ReceiptMemory.detail_id == row.id)
    # One that was just made names nothing yet.
    named = set(connection.scalars(of_it)) if row.calls > detail.calls else set()
    new = [memory_id for memory_id in detail.memory_ids if memory_id not in named][: MOST_NAMED - len(named)]
    if new:
        connection.execute(_NAME, [{"detail_id": row.id, "memory_id": memory_id} for memory_id in sorted(new)])


def count_by_memento(
    connection: Connection, grant_id: str, within: Sequence[str], by_memory: Counter[str]
) -> Counter[str]:
    """Returns how many of the memories lie in each memento: those the consent covers, and the app's own.

    The app's own may be younger than ``within``: its first write makes it.
    """
    saved = select(SavedMemento.memento_id).join(Consent, is_saved_under(Consent)).where(Consent.grant_id == grant_id)
    mementos = sorted({*within, *connection.scalars(saved)} - {EVERYTHING})
    counts: Counter[str] = Counter({EVERYTHING: by_memory.total()} if EVERYTHING in within and by_memory else {})
    ids = list(by_memory) if mementos else []
    for start in range(0, len(ids), _BATCH):
        for row in connection.execute(list_holding(mementos, ids[start : start + _BATCH])):
            counts[row.memento_id] += by_memory[row.id]
    return counts
