"""Driver connections for the hot path: the token endpoint, introspection and the bearer check.

They run compiled Core statements, one round trip each, and open a transaction only to write more than one row.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, event

from app.database.access import check_driver_write, driver_transaction, expect_writes, note_commit
from app.database.engine import ONLY_READS, let_write
from app.database.repeat import was_prepared_before
from app.database.rows import refers_to_nothing
from app.database.statements import Compiled, Statement
from app.database.statements.decisions import Decision, Steps

_log = logging.getLogger(__name__)


class RowGone(Exception):
    """What a new row was to hang on has been deleted since it was looked up."""


class _NotToBe(Exception):
    """What a decision demands is not there, so that its transaction is to be undone."""


class Connection:
    """A driver connection in autocommit, for :class:`Statement`. Made by :func:`connect`."""

    __slots__ = ("_afterwards", "_dialect", "_driver", "_idle", "_is_broken", "_open_cursor", "_pooled")

    def __init__(self, engine: Engine, idle: list["Connection"]) -> None:
        self._dialect = engine.dialect
        with expect_writes():
            self._pooled = engine.raw_connection()
        self._driver: Any = self._pooled.driver_connection
        if self._pooled.info.get(ONLY_READS):
            # The ORM had it before, let it only read, and left no other.
            let_write(self._pooled, True)
        self._idle = idle
        self._is_broken = False
        self._open_cursor: Any = None
        self._afterwards: list[Callable[[], None]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_exc_info: object) -> None:
        if self._open_cursor is not None:
            # An unfinished SELECT would hold SQLite's write-ahead log.
            self._open_cursor.close()
            self._open_cursor = None
        if self._is_broken:
            self._pooled.invalidate()
        elif kind is None and len(self._idle) < _MOST_IDLE_CONNECTIONS:
            self._idle.append(self)
        elif getattr(self._driver, "closed", False):
            self._pooled.invalidate()
        else:
            self._pooled.close()

    def is_dead(self) -> bool:
        """Returns whether the database hung up, or lies elsewhere, since the connection was used; then it is given up."""
        if self._driver.is_in_place() if self._dialect.name == "sqlite" else self._driver.is_alive():
            return False
        self._pooled.invalidate()
        return True

    def first(self, statement: Statement, **values: Any) -> Any:
        """Returns the first row as the statement's record, or None. Raises :class:`RowGone`, as ``run`` does."""
        compiled = statement.compiled_for(self._dialect)
        if compiled.writes:
            self._check_write()
        return self._read(compiled, compiled.bind(values))

    def scalar(self, statement: Statement, **values: Any) -> Any:
        """Returns the first column of the first row; None where there is no row."""
        row = self.first(statement, **values)
        return None if row is None else row[0]

    def all(self, statement: Statement, **values: Any) -> list[Any]:
        """Returns every row."""
        compiled = statement.compiled_for(self._dialect)
        return [compiled.read(row) for row in self._execute(compiled, compiled.bind(values)).fetchall()]

    def run(self, statement: Statement, **values: Any) -> int:
        """Execute a statement without a result. Returns how many rows it changed.

        Raises what :mod:`app.database.access` says of a write that must not be now.
        """
        compiled = statement.compiled_for(self._dialect)
        self._check_write()
        changed: int = self._execute(compiled, compiled.bind(values)).rowcount
        return changed

    def decide(self, decision: Decision, **values: Any) -> Any:
        """Returns the row that the decision changed, and has added what follows from it; None when it was not to be.

        Not to be called in a transaction: it is one. Raises what ``run`` does.
        """
        steps = decision.compiled_for(self._dialect)
        if self._dialect.name == "sqlite":
            return self._take(steps, values)
        self._check_write()
        (whole,) = steps.demanded
        row = self._read(whole, whole.bind(values))
        if row is not None:
            note_commit()
        return row

    def _take(self, steps: Steps, values: dict[str, Any]) -> Any:
        # Whatever can be made before is made before: others wait for the lock.
        demanded = [(one, one.bind(values)) for one in steps.demanded]
        added = [(one, None if waits else one.bind(values)) for one, waits in steps.added]
        rows = []
        try:
            with self.transaction():
                for one, given in demanded:
                    row = self._read(one, given)
                    if row is None:
                        raise _NotToBe
                    rows.append(row)
                for one, ready in added:
                    self._execute(one, ready or one.bind({**values, **rows[0]._asdict()}))
        except _NotToBe:
            return None
        return rows[0]

    def _read(self, compiled: Compiled, values: Any) -> Any:
        row = self._execute(compiled, values).fetchone()
        return None if row is None else compiled.read(row)

    @contextmanager
    def waiting_at_most(self, milliseconds: int) -> Iterator[None]:
        """Wait no longer than this for whoever writes to SQLite; for what can be done without."""
        if self._dialect.name != "sqlite":
            yield
            return
        # Not by SQLite's own pragma: the connection sets that anew for each statement of a request.
        driver: Any = self._pooled.driver_connection
        before, driver.longest_wait = driver.longest_wait, milliseconds
        try:
            yield
        finally:
            driver.longest_wait = before

    @property
    def _cursor(self) -> Any:
        """The driver's own cursor, made when it is first needed."""
        if self._open_cursor is None:
            self._open_cursor = self._driver.cursor()
        return self._open_cursor

    def _execute(self, compiled: Compiled, values: Any) -> Any:
        """Returns the answer, as a cursor. Raises :class:`RowGone` for a row that refers to one that is no more."""
        try:
            return self._run(compiled, values)
        except Exception as error:
            if refers_to_nothing(error):
                raise RowGone from None
            if was_prepared_before(error):
                # It would say the same of this statement again.
                self._is_broken = True
            raise

    def _run(self, compiled: Compiled, values: Any) -> Any:
        if compiled.wire is None:
            return self._cursor.execute(compiled.sql, values)
        return self._driver.run(compiled.wire, values)

    def _check_write(self) -> None:
        """Raises for what must not be written now, see :mod:`app.database.access`."""
        check_driver_write()

    def once_committed(self, act: Callable[[], None]) -> None:
        """Call ``act`` when the transaction has been committed, and never when it is not; now where none is open."""
        if self._afterwards is None:
            act()
        else:
            self._afterwards.append(act)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One write transaction: commits at the end, rolls back on any error."""
        with driver_transaction():
            self._cursor.execute(self._begin())
            afterwards = self._afterwards = []
            try:
                yield
                # Before it: where the answer gets lost, nobody knows what stands.
                note_commit()
                self._cursor.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise
            finally:
                self._afterwards = None
        for act in afterwards:
            act()

    def _begin(self) -> str:
        if self._dialect.name == "sqlite":
            return "BEGIN IMMEDIATE"
        return str(self._driver.begin())

    def _roll_back(self) -> None:
        """End the transaction after an error, which is what is to be told, whatever becomes of this."""
        try:
            # SQLite ends it by itself where the disk is full.
            if self._dialect.name != "sqlite" or self._driver.in_transaction:
                self._cursor.execute("ROLLBACK")
        except Exception as error:
            self._is_broken = True
            _log.warning("A transaction could not be rolled back: %s", error)


_Kind = TypeVar("_Kind", bound=Connection)


def connect(engine: Engine) -> Connection:
    """Returns a driver connection for the length of a ``with`` block: every statement stands alone unless in a transaction.

    A few are kept out of the pool between requests: checking one out costs half of what a lookup does.
    """
    return connect_as(Connection, engine)


def connect_as(kind: type[_Kind], engine: Engine) -> _Kind:
    """Returns one of another kind, as :func:`connect` does."""
    kept = _idle_connections.get(engine)
    if kept is None:
        kept = _idle_connections.setdefault(engine, defaultdict(list))
        event.listen(engine, "engine_disposed", _forget_idle_connections)
    idle = kept[kind]
    while True:
        try:
            connection = idle.pop()
        except IndexError:
            return kind(engine, idle)
        if not connection.is_dead():
            return connection


def count_kept(engine: Engine) -> int:
    """Returns how many are kept out of the pool, and idle."""
    return sum(map(len, list(_idle_connections.get(engine, {}).values())))


def _forget_idle_connections(engine: Engine) -> None:
    _idle_connections.pop(engine, None)


_MOST_IDLE_CONNECTIONS = 4
_idle_connections: WeakKeyDictionary[Engine, dict[type[Connection], list[Any]]] = WeakKeyDictionary()
