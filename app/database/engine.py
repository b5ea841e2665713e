"""The engine: what each connection is set to, and how a transaction begins.

Driver connections stay in autocommit, and a transaction begins when we say so. The ORM's
transactions begin through SQLAlchemy's ``begin`` event.
"""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

from sqlalchemy import Engine, event, make_url
from sqlalchemy.exc import InvalidatePoolError

from app.database.url import connect_arguments, find_sqlite_wait

_SQLITE_BUSY_TIMEOUT_MS = 10_000

_read_only: ContextVar[bool] = ContextVar("read_only", default=False)


def expect_reads_only(flag: bool) -> None:
    """Say whether the ORM's next transactions in this context only read (``web`` knows from the method)."""
    _read_only.set(flag)


@contextmanager
def expect_writes() -> Iterator[None]:
    """Let the transactions of a ``with`` block write, whatever is expected around it."""
    before = _read_only.set(False)
    try:
        yield
    finally:
        _read_only.reset(before)


_no_effect: ContextVar[bool] = ContextVar("no_effect", default=False)


def expect_no_effect(flag: bool) -> None:
    """Say whether this context may write at all: a HEAD may not, and what only notes a visit leaves it out."""
    _no_effect.set(flag)


def has_no_effect() -> bool:
    """Whether the present request must leave everything as it is."""
    return _no_effect.get()


def engine_options(database_url: str) -> dict[str, Any]:
    """What SQLAlchemy's ``create_engine`` is to be given for this database."""
    # A row's values, such as an address or a state, have no place in the message of an error that gets logged.
    options: dict[str, Any] = {"hide_parameters": True}
    options["connect_args"] = connect_arguments(make_url(database_url))
    return options


def prepare_engine(engine: Engine) -> None:
    """Attach the connection settings and the transaction rule to a new engine."""
    if engine.dialect.name == "sqlite":
        prepare = partial(_prepare_sqlite_connection, find_sqlite_wait(engine.url))
        event.listen(engine, "connect", prepare)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _prepare_postgresql_connection)
        event.listen(engine, "checkout", _refuse_dead_postgresql_connection)
        event.listen(engine, "begin", _begin_postgresql)


def _prepare_sqlite_connection(wait: int | None, connection, _record) -> None:
    # The driver must not open transactions by itself: it would begin deferred ones.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={_SQLITE_BUSY_TIMEOUT_MS if wait is None else wait}",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        # 32 MB: copying the log back costs the request that happens to do it, so it is done in larger pieces.
        "wal_autocheckpoint=8000",
        # 16 MB a connection: with SQLite's own 2 MB, lookups by a random digest mostly miss.
        "cache_size=-16000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection) -> None:
    # A deferred transaction that reads and then writes fails at once with SQLITE_BUSY_SNAPSHOT
    # when another writer came between, whatever the busy timeout. So writers queue up front.
    connection.exec_driver_sql("BEGIN" if _read_only.get() else "BEGIN IMMEDIATE")


def _prepare_postgresql_connection(connection, _record) -> None:
    connection.autocommit = True
    connection.execute("SET TIME ZONE 'UTC'")


def _refuse_dead_postgresql_connection(connection, _record, _proxy) -> None:
    # A server that restarts or hangs up leaves an end-of-file to read on a connection that should be silent.
    # Looking costs a microsecond; asking the server, as pool_pre_ping does, would double the round trips.
    if not is_alive(connection):
        raise InvalidatePoolError("The database closed this connection.")


def is_alive(connection) -> bool:
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)


def _begin_postgresql(connection) -> None:
    connection.exec_driver_sql("BEGIN")
