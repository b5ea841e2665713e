"""Deleting a little at a time, so that others write in between: how much, and how long the pauses are.

Two writers never wait long for each other: a batch is as large as fits into :data:`AIM`, by what the last one took, and
after it follows a pause of at least twice its time. Which rows go is looked up before, when nobody has to wait.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct, field
from sqlalchemy import ColumnElement, Connection, Engine, Row, delete, literal, select, tuple_
from sqlalchemy.exc import DBAPIError

from app.database.access import expect_reads, expect_writes
from app.purge.rules import Rule

#: Seconds that a batch should take.
AIM = 0.005
#: A pause is so many times as long as the work before it, and at least so many seconds.
_PAUSES, _SHORTEST_PAUSE = 2, 0.005
_FIRST_ROWS, _FEWEST_ROWS, _MOST_ROWS = 100, 10, 1000
# The write-ahead log of SQLite is copied back after so many batches, by us: else a writer's commit does it, 32 MB in one go.
_BATCHES_BETWEEN_CHECKPOINTS = 10
# Whoever holds a row that we want has more need of it: we leave, and come again with the next purge.
_POSTGRESQL_PATIENCE = "SET LOCAL lock_timeout = '100ms'"
_LOCK_NOT_AVAILABLE, _DEADLOCK = "55P03", "40P01"


class Pace(Struct):
    """How fast a purge goes. ``pause`` waits so many seconds and returns whether to go on."""

    pause: Callable[[float], bool]
    rows: int = field(default_factory=lambda: _FIRST_ROWS)
    batches: int = 0

    def let_others(self, took: float) -> bool:
        """Wait for as long as others should have after work that took so long. Returns whether to go on."""
        return self.pause(max(took * _PAUSES, _SHORTEST_PAUSE))

    def learn(self, rows: int, took: float) -> None:
        """Choose the size of the next batch by what this one took."""
        self.batches += 1
        if took <= 0 or rows < self.rows:
            # A smaller one says little: what it costs to begin and to commit would be counted as its rows'.
            took = max(took, AIM / 2)
        wanted = self.rows * AIM / took
        self.rows = round(min(max(wanted, self.rows / 2, _FEWEST_ROWS), self.rows * 1.5, _MOST_ROWS))


def purge_rule(
    engine: Engine, rule: Rule, pace: Pace, *, after: tuple[Any, Any] | None = None, most: int | None = None
) -> tuple[int, tuple[Any, Any] | None]:
    """Delete what a rule says is over, in batches that each stand.

    ``after`` is where to begin, and ``most`` how many rows to look at. Returns how many were deleted, and where to go on:
    None at the end of the table.
    """
    deleted = seen = 0
    while most is None or seen < most:
        began, limit = time.monotonic(), pace.rows
        with expect_reads(), engine.connect() as connection:
            found = _find_batch(connection, rule, after, limit)
        looked = time.monotonic() - began
        if not found:
            return deleted, None
        seen += len(found)
        after = (found[-1].by, found[-1].key)
        keys = [row.key for row in found if row.is_over]
        took = 0.0
        if keys:
            count, took = _delete_batch(engine, rule, keys)
            deleted += count
            pace.learn(len(keys), took)
            if pace.batches % _BATCHES_BETWEEN_CHECKPOINTS == 0:
                _copy_log_back(engine)
        if not pace.let_others(max(looked / 2, took)):
            return deleted, after
        if len(found) < limit:
            return deleted, None
    return deleted, after


def _find_batch(connection: Connection, rule: Rule, after: tuple[Any, Any] | None, rows: int) -> Sequence[Row[Any]]:
    """The next rows that are old enough, by the index: where the last batch ended, not through what it has deleted."""
    is_over = literal(True) if rule.unless is None else ~rule.unless
    query = select(rule.by.label("by"), rule.key.label("key"), is_over.label("is_over"))
    if rule.until is not None:
        query = query.where(rule.by <= rule.until)
    if after is not None:
        place = tuple_(literal(after[0], rule.by.type), literal(after[1], rule.key.type))
        query = query.where(rule.by >= after[0], tuple_(rule.by, rule.key) > place)
    return connection.execute(query.order_by(rule.by, rule.key).limit(rows)).all()


def _delete_batch(engine: Engine, rule: Rule, keys: list[Any]) -> tuple[int, float]:
    """As :func:`write_batch`."""
    chosen: ColumnElement[bool] = rule.key.in_(keys) & rule.is_over()
    if engine.dialect.name == "postgresql":
        # Not one that somebody holds: waiting for it, with the others of the batch in hand, is how deadlocks come about.
        chosen = rule.key.in_(select(rule.key).where(chosen).with_for_update(skip_locked=True, of=rule.model))
    return write_batch(engine, lambda connection: connection.execute(delete(rule.model).where(chosen)).rowcount)


def write_batch(engine: Engine, write: Callable[[Connection], int]) -> tuple[int, float]:
    """Write, in a transaction of its own, unless somebody is in the way.

    Returns what ``write`` does, which is how many rows went, and for how many seconds others could not write.
    """
    try:
        with expect_writes(), engine.begin() as connection:
            # From here on: on SQLite the wait for the lock is over.
            began = time.monotonic()
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql(_POSTGRESQL_PATIENCE)
            count = write(connection)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in (_LOCK_NOT_AVAILABLE, _DEADLOCK):
            raise
        return 0, AIM
    return count, time.monotonic() - began


def _copy_log_back(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        connection = engine.raw_connection()
        try:
            # Passive: it waits for nobody, and nobody for it.
            connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        finally:
            connection.close()
