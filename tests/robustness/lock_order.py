"""What locks a transaction takes, in which order, as its statements say."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import psycopg
from sqlalchemy import event

from app.database.locks import ORDER
from app.database.postgresql import PostgresqlConnection
from app.database.statements.wire import Wire
from app.extensions import db

_FOR = re.compile(r"\bFOR (?:NO KEY UPDATE|UPDATE|KEY SHARE|SHARE)(?: OF ([\w, ]+))?")
_FROM = re.compile(r"\bFROM (\w+)")
_CHANGES = re.compile(r"\s*(UPDATE|DELETE FROM) (\w+)")


@contextmanager
def recorded() -> Iterator[list[list[str]]]:
    """Every transaction of more than one statement, each as its statements in order, while the block lasts."""
    transactions: list[list[str]] = []
    open_: dict[int, list[str]] = {}
    execute, run = psycopg.Cursor.execute, PostgresqlConnection.run

    def record(sql: str, backend: int) -> None:
        if sql.startswith("BEGIN"):
            open_[backend] = []
        elif sql == "COMMIT":
            transactions.append(open_.pop(backend, []))
        elif backend in open_:
            open_[backend].append(sql)

    def execute_and_record(self: psycopg.Cursor, query: Any, *rest: Any, **more: Any) -> Any:
        record(str(query), self.connection.info.backend_pid)
        return execute(self, query, *rest, **more)

    def run_and_record(self: PostgresqlConnection, wire: Wire, values: Any) -> Any:
        record(wire.sql.decode(), self.info.backend_pid)
        return run(self, wire, values)

    def note_commit(_connection: Any) -> None:
        transactions.extend(open_.pop(backend) for backend in list(open_))

    engine = db.engine
    event.listen(engine, "commit", note_commit)
    try:
        with (
            patch.object(psycopg.Cursor, "execute", execute_and_record),
            patch.object(PostgresqlConnection, "run", run_and_record),
        ):
            yield transactions
    finally:
        event.remove(engine, "commit", note_commit)


def find_disorder(statements: list[str]) -> list[str]:
    """Returns a sentence for each table that a transaction comes to after one that it should come to later."""
    found, seen, latest = [], set(), 0
    for sql in statements:
        changed = _CHANGES.match(sql)
        if changed and changed.group(1) == "DELETE FROM" and changed.group(2) in seen:
            # Who holds a row holds what hangs on it: whoever else changes that comes by the row first.
            seen |= _go_with(changed.group(2))
        for table in _locked_by(sql):
            if table in seen:
                continue
            seen.add(table)
            if table not in ORDER:
                found.append(f"{table} has no place in the order.")
                continue
            if ORDER.index(table) < latest:
                found.append(f"{table} is locked after {ORDER[latest]}.")
            latest = max(latest, ORDER.index(table))
    return found


def _locked_by(sql: str) -> list[str]:
    """The tables, in the order in which the statement comes to their rows."""
    tables: list[str] = []
    if locked := _FOR.search(sql):
        named = locked.group(1)
        tables += [name.strip() for name in named.split(",")] if named else _FROM.findall(sql)[:1]
    if changed := _CHANGES.match(sql):
        tables.append(changed.group(2))
        if changed.group(1) == "DELETE FROM":
            tables += sorted(_go_with(changed.group(2)), key=lambda name: ORDER.index(name) if name in ORDER else 0)
    return tables


def _go_with(table: str) -> set[str]:
    """The tables whose rows a foreign key deletes along with the table's."""
    gone: set[str] = set()
    for other in db.metadata.tables.values():
        cascades = any(key.ondelete == "CASCADE" and key.column.table.name == table for key in other.foreign_keys)
        if cascades and other.name not in gone and other.name in ORDER:
            gone |= {other.name} | _go_with(other.name)
    return gone
