"""Our connection to SQLite: how long it waits for others' locks, and whether its file is still where it belongs.

SQLite itself makes a new, empty database where its file is gone, and goes on with the one that it has open wherever
somebody has moved it. Here neither happens: a missing file is a database that is away, until it is put back.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic, sleep
from typing import Any
from urllib.parse import quote

from sqlalchemy import DateTime, Dialect, Engine, event
from sqlalchemy.exc import InvalidatePoolError

from app.database.patience import FREE_SECONDS, find_patience
from app.database.statements import words
from app.database.unavailable import DatabaseUnavailable
from app.database.url import find_sqlite_wait
from app.database.waits import LONG_SECONDS, Waits
from app.same_letters import SQLITE_NAME, in_small_letters

#: How long a command or a thread waits for others' locks. A request waits for as long as it has patience.
BUSY_TIMEOUT_MS = 10_000
#: The same for whoever copies the write-ahead log: meanwhile others may have to wait for it.
_MOMENT_MS = 20

#: How a statement begins that may have to wait for another writer.
_WRITES = ("BEGIN IMMEDIATE", "INSERT", "UPDATE", "DELETE")
#: Seconds between two attempts to get a lock that another holds, which is for half a millisecond as a rule: at first,
#: by how much more from one to the next, and at most.
_SHORTEST_PAUSE, _LONGER, _LONGEST_PAUSE = 0.0002, 1.1, 0.002
_may_create: ContextVar[bool] = ContextVar("may_create", default=False)


class FileAway(DatabaseUnavailable, sqlite3.OperationalError):
    """There is no file where the database belongs."""

    sqlite_errorname = "SQLITE_CANTOPEN"

    def __init__(self, *_arguments: Any) -> None:
        super().__init__("away", "There is no file where the database belongs.")


class WalLeftBehind(FileAway):
    """There is no file where the database belongs, but its write-ahead log is there, which a new one would delete."""


@contextmanager
def let_create() -> Iterator[None]:
    """Let a file that is missing be made, in a ``with`` block: what migrates does so, and nobody else."""
    before = _may_create.set(True)
    try:
        yield
    finally:
        _may_create.reset(before)


class LockedForOthers(DatabaseUnavailable, sqlite3.OperationalError):
    """Another process keeps the database locked, and as many threads wait for it as may."""

    sqlite_errorname = "SQLITE_BUSY"

    def __init__(self, *_arguments: Any) -> None:
        super().__init__("locked", "The database is locked, and enough requests wait for it.")


class SqliteConnection(sqlite3.Connection):
    """sqlite3's, of one file. In a request its statements together wait no longer than the request has patience."""

    path: str
    #: Which file it has open, wherever that lies now.
    file: tuple[int, int]
    longest_wait: int
    waits: Waits
    _wait = -1

    def cursor(self, factory: Any = None) -> Any:
        """Returns a cursor that waits as it should."""
        return super().cursor(factory or _Cursor)

    def set_wait(self, milliseconds: int) -> None:
        """Wait so long for others' locks, from now on."""
        if milliseconds != self._wait:
            super().cursor().execute(f"PRAGMA busy_timeout={milliseconds}")
            self._wait = milliseconds

    def copy_log_back(self, mode: str) -> int:
        """Copy the write-ahead log into the file, in one of SQLite's modes. Returns how many pages the log has.

        It is left for another time where somebody is in the way for more than a moment.
        """
        self.set_wait(_MOMENT_MS)
        length: int = super().cursor().execute(f"PRAGMA wal_checkpoint({mode})").fetchone()[1]
        return length

    def is_in_place(self) -> bool:
        """Returns whether its file is where it belongs; False when another one is. Raises :class:`FileAway` for none."""
        return _find_file(self.path) == self.file


class _Cursor(sqlite3.Cursor):
    connection: SqliteConnection

    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        connection = self.connection
        patience = find_patience()
        if patience is None:
            connection.set_wait(connection.longest_wait)
            return super().execute(sql, parameters)
        if connection.waits.are_closed and not connection.in_transaction and sql.startswith(_WRITES):
            raise LockedForOthers
        left = max(0.0, min(patience.left, connection.longest_wait / 1000))
        connection.set_wait(0)
        began = monotonic()
        try:
            return super().execute(sql, parameters)
        except sqlite3.OperationalError as error:
            if left <= 0.0 or not _is_locked(error):
                raise
            return self._wait(left, sql, parameters)
        finally:
            if (took := monotonic() - began) > FREE_SECONDS:
                patience.spend(took)

    def _wait(self, left: float, sql: str, parameters: Any) -> Any:
        """Nothing has been done yet. Try again and again: SQLite itself sleeps longer each time, and others come first."""
        until = monotonic() + min(left, LONG_SECONDS)
        pause = _SHORTEST_PAUSE
        while True:
            sleep(pause)
            try:
                return super().execute(sql, parameters)
            except sqlite3.OperationalError as error:
                if not _is_locked(error):
                    raise
                if monotonic() >= until:
                    if left <= LONG_SECONDS:
                        raise
                    return self._wait_long(int((left - LONG_SECONDS) * 1000), sql, parameters)
            pause = min(pause * _LONGER, _LONGEST_PAUSE)

    def _wait_long(self, milliseconds: int, sql: str, parameters: Any) -> Any:
        """Try once more, as one of those that may wait long."""
        connection = self.connection
        try:
            connection.waits.begin_long()
        except DatabaseUnavailable:
            raise LockedForOthers from None
        try:
            connection.set_wait(milliseconds)
            return super().execute(sql, parameters)
        finally:
            connection.waits.end_long()


def _is_locked(error: sqlite3.OperationalError) -> bool:
    return getattr(error, "sqlite_errorname", "") == "SQLITE_BUSY"


def prepare_sqlite(engine: Engine, synchronous: str) -> Waits:
    """Let a new engine make its connections here. Returns who waits for it."""
    waits = Waits(lambda: None)
    wait = find_sqlite_wait(engine.url)
    longest_wait = BUSY_TIMEOUT_MS if wait is None else wait

    def connect(_dialect: Any, _record: Any, arguments: list[Any], named: dict[str, Any]) -> SqliteConnection:
        connection = _connect(str(arguments[0]), longest_wait, waits, named)
        connection.execute(f"PRAGMA synchronous={synchronous}")
        return connection

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "checkout", _check_file)
    dialect: Any = engine.dialect
    dialect.colspecs = {**dialect.colspecs, DateTime: _OfNoColumn}
    return waits


class _OfNoColumn(DateTime):
    """A point in time that is compared as nothing that a column of ours holds. SQLAlchemy would write it without its zone."""

    def bind_processor(self, dialect: Dialect) -> Any:
        """Returns what raises ``TypeError``."""
        return _refuse


def _refuse(value: Any) -> None:
    # As text it comes before itself with a zone: a page that follows it would begin with what the last one ended with.
    raise TypeError("A point in time is to be given the type of its column.")


def _connect(path: str, longest_wait: int, waits: Waits, named: dict[str, Any]) -> SqliteConnection:
    creates = _may_create.get() and not os.path.exists(path)
    if creates and os.path.exists(f"{path}-wal"):
        raise WalLeftBehind
    before = None if creates else _find_file(path)
    # Without "c" in its mode SQLite makes no file, also if it goes just now.
    address = f"file:{quote(path)}?mode={'rwc' if creates else 'rw'}"
    connection: SqliteConnection = sqlite3.connect(address, uri=True, **{**named, "factory": SqliteConnection})
    connection.path, connection.longest_wait, connection.waits = path, longest_wait, waits
    # The driver must not open transactions by itself: it would begin deferred ones.
    connection.isolation_level = None
    connection.create_function(SQLITE_NAME, 1, in_small_letters, deterministic=True)
    connection.create_function(words.SQLITE_NAME, 2, words.lies_within, deterministic=True)
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "foreign_keys=ON",
        # 32 MB: copying the log back costs whoever happens to do it, so it is done in larger pieces. Where requests are
        # answered, a thread does it.
        "wal_autocheckpoint=8000",
        # 16 MB a connection: with SQLite's own 2 MB, lookups by a random digest mostly miss.
        "cache_size=-16000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    connection.file = _find_file(path)
    if before not in (None, connection.file):
        connection.close()
        raise FileAway
    return connection


def _check_file(connection: SqliteConnection, _record: object, _proxy: object) -> None:
    if not connection.is_in_place():
        raise InvalidatePoolError("There is another file where the database belongs.")


def _find_file(path: str) -> tuple[int, int]:
    """Returns which file lies there. Raises :class:`FileAway` when none does."""
    try:
        found = os.stat(path)
    except OSError:
        raise FileAway from None
    return found.st_dev, found.st_ino
