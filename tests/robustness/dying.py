"""A process that is killed with -9 right after the k-th statement of a request, BEGIN and COMMIT among them.

The request is answered by a fork of the test's own process, which is killed by itself, from within: nothing of it is
tidied up, as when the machine's memory is out. What it leaves in the database is looked at from outside.
"""

import json
import os
import re
import signal
import sqlite3
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NoReturn

import psycopg
from flask import Flask
from sqlalchemy import text

from app.database import connections, sqlite
from app.database.postgresql import PostgresqlConnection
from app.database.statements.wire import Wire
from app.extensions import db
from tests.robustness.locking import administrator, wait_until

#: What differs each time, or is only a note of when something was looked at.
_VOLATILE = (
    "_at",
    "password",
    "digest",
    "salt",
    "hint",
    "shown",
    "minute",
    "code_challenge",
    "browser",
    "_words",
    "client_secret",
)

_MADE = re.compile(r"\b([a-z]+)_[0-9a-f]{24}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T][\d:.+Z]+")

Dump = dict[str, Counter[str]]


def statements_of(app: Flask, act: Callable[[], Any]) -> list[str]:
    """Returns every statement that a request executes, in order, as a process that lives on executes them."""
    reading, writing = os.pipe()
    child = _fork(app)
    if child == 0:
        with _never_coming_back(), _counting() as executed:
            act()
            os.write(writing, json.dumps(executed).encode())
    os.close(writing)
    with open(reading, "rb") as pipe:
        told = pipe.read()
    assert os.waitpid(child, 0)[1] == 0, "The request that was to be counted failed."
    return json.loads(told)


def kill_after(app: Flask, act: Callable[[], Any], k: int) -> None:
    """Have a request answered by a process that is killed right after its k-th statement."""
    child = _fork(app)
    if child == 0:
        with _never_coming_back(), _counting(die_after=k):
            act()
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, f"It was to be killed: {status}"
    _wait_until_the_database_knows(app, child)


def count_ends(statements: list[str]) -> int:
    """Returns how often something of it was there to stay: at each COMMIT, and at each write that stands for itself."""
    ends, is_open = 0, False
    for sql in statements:
        first = sql.split(None, 1)[0].upper()
        if first in ("BEGIN", "COMMIT", "ROLLBACK"):
            is_open = first == "BEGIN"
            ends += first == "COMMIT"
        elif not is_open and first in ("INSERT", "UPDATE", "DELETE", "WITH"):
            ends += 1
    return ends


def dump(app: Flask) -> Dump:
    """Returns the rows of every table, without what differs each time, as somebody outside sees them."""
    rows: Dump = {}
    with app.app_context(), db.engine.connect() as connection:
        for table in db.metadata.sorted_tables:
            if table.name == "rate_limit_counters":
                # Counts tries, whatever becomes of them.
                continue
            kept = [column.name for column in table.columns if not _is_volatile(column.name)]
            found = connection.execute(text(f'SELECT * FROM "{table.name}"')).mappings().all()
            rows[table.name] = Counter(str([_told(row[name]) for name in kept]) for row in found)
    return {table: found for table, found in rows.items() if found}


def _told(value: Any) -> Any:
    """Returns what can be compared: an id or a moment that is another each time says nothing but that there is one."""
    if isinstance(value, datetime) or (isinstance(value, int) and not isinstance(value, bool) and value > 99):
        return "…"
    if isinstance(value, str | dict | list):
        return _MADE.sub(r"\1_…", _MOMENT.sub("…", str(value)))
    return value


def _is_volatile(name: str) -> bool:
    return name in ("id", "family_id", "number", "detail_id", "grant_id") or any(part in name for part in _VOLATILE)


def _fork(app: Flask) -> int:
    # Connections are the parent's, and stay so.
    with app.app_context():
        engine = db.engine
        db.session.remove()
    child = os.fork()
    if child == 0:
        engine.dispose(close=False)
        connections._idle_connections.clear()
    return child


@contextmanager
def _never_coming_back() -> Iterator[None]:
    """A fork of the test's process must not go on with the tests, whatever happens in it."""
    try:
        yield
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


@contextmanager
def _counting(die_after: int | None = None) -> Iterator[list[str]]:
    """Count what this thread executes, on whichever driver, and die after so many."""
    executed: list[str] = []
    thread = threading.get_ident()

    def count(sql: Any) -> None:
        if threading.get_ident() == thread:
            executed.append(str(sql))
            if len(executed) == die_after:
                _die()

    _count_psycopg(count)
    _count_sqlite(count)
    yield executed


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("It lives.")


def _count_psycopg(count: Callable[[Any], None]) -> None:
    execute = psycopg.Cursor.execute

    def execute_and_count(self: psycopg.Cursor, query: Any, *rest: Any, **more: Any) -> Any:
        result = execute(self, query, *rest, **more)
        count(query)
        return result

    psycopg.Cursor.execute = execute_and_count  # type: ignore[method-assign]
    run = PostgresqlConnection.run

    def run_and_count(self: PostgresqlConnection, wire: Wire, values: Any) -> Any:
        result = run(self, wire, values)
        count(wire.sql.decode())
        return result

    PostgresqlConnection.run = run_and_count  # type: ignore[method-assign]
    commit = psycopg.Connection.commit

    def commit_and_count(self: psycopg.Connection) -> None:
        is_open = self.info.transaction_status != psycopg.pq.TransactionStatus.IDLE
        commit(self)
        if is_open:
            count("COMMIT")

    psycopg.Connection.commit = commit_and_count  # type: ignore[method-assign]


def _count_sqlite(count: Callable[[Any], None]) -> None:
    execute = sqlite._Cursor.execute

    def execute_and_count(self: sqlite._Cursor, sql: str, *rest: Any) -> Any:
        result = execute(self, sql, *rest)
        if not sql.startswith("PRAGMA"):
            count(sql)
        return result

    sqlite._Cursor.execute = execute_and_count  # type: ignore[method-assign]

    def commit_and_count(self: sqlite.SqliteConnection) -> None:
        is_open = self.in_transaction
        sqlite3.Connection.commit(self)
        if is_open:
            count("COMMIT")

    sqlite.SqliteConnection.commit = commit_and_count  # type: ignore[method-assign]


def _wait_until_the_database_knows(app: Flask, _child: int) -> None:
    """PostgreSQL notices at its next look at the socket that nobody is there; until then the rows are held."""
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            return
    busy = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
    )
    with administrator(app) as connection:
        wait_until(lambda: connection.execute(busy).fetchone()[0] == 0)
