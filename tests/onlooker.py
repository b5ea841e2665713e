"""A connection of a test's own, beside the app's: it looks at every row after each of many requests, and at little cost."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from flask import Flask
from psycopg.types.string import TextLoader
from sqlalchemy import MetaData, make_url

from tests.databases import for_libpq, tables_in_order

Rows = dict[str, list[tuple]]

_TIMEOUT_SECONDS = 20


class Onlooker:
    """Sees what is committed, as the driver gives it: nothing else is made of it, which would take time."""

    def __init__(self, app: Flask, metadata: MetaData) -> None:
        url = make_url(app.extensions["services"].settings.database_url)
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._connection: Any = _connect_sqlite(str(url.database)) if self.is_sqlite else _connect_postgresql(url)
        self._looks = {
            table.name: f'SELECT {", ".join(map(quoted, table.columns.keys()))} FROM "{table.name}"'
            for table in tables_in_order(metadata)
        }
        names = (f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in self._looks)
        self._look_for_filled = " UNION ALL ".join(names)
        self._version: Any = None
        self._rows: Rows = {}

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def read_rows(self) -> Rows:
        """Returns the rows of the tables that have any; the last answer again where nobody has written since."""
        version = self._read_version()
        if version != self._version:
            filled = {name for (name,) in self.run(self._look_for_filled)}
            self._rows = {
                name: sorted(self.run(look), key=repr) for name, look in self._looks.items() if name in filled
            }
            self._version = version
        return self._rows

    def run(self, statement: str, values: Sequence[Any] = ()) -> list[tuple]:
        """Returns the rows that come of it, if any. ``?`` stands for a value."""
        cursor = self._connection.execute(statement if self.is_sqlite else statement.replace("?", "%s"), values)
        return cursor.fetchall() if cursor.description else []

    @contextmanager
    def writing(self) -> Iterator[None]:
        """All that is run in it stands together, or not at all."""
        # SQLite does not count what a connection has written itself.
        self._version = None
        self.run("BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN")
        try:
            yield
        except BaseException:
            self.run("ROLLBACK")
            raise
        self.run("COMMIT")

    def _read_version(self) -> Any:
        return self.run(
            "PRAGMA data_version" if self.is_sqlite else "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"
        )


def quoted(name: str) -> str:
    """A name as it stands in a statement."""
    return f'"{name}"'


def _connect_sqlite(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False)
    # What is written here is gone after the test: no disk has to hold it.
    connection.execute("PRAGMA synchronous=OFF")
    return connection


def _connect_postgresql(url: Any) -> psycopg.Connection:
    connection = psycopg.connect(for_libpq(url), autocommit=True)
    # What is read can then be written as it is.
    connection.adapters.register_loader("json", TextLoader)
    return connection
