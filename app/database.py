"""How this product talks to SQLite and PostgreSQL: types, transactions, and the hot path's statements.

Driver connections stay in autocommit, and a transaction begins when we say so. The ORM's
transactions begin through SQLAlchemy's ``begin`` event; the hot path (token endpoint,
introspection, bearer check) runs compiled Core statements on a pooled driver connection,
one round trip each, and opens a transaction only to write more than one row.
"""

import select
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Engine, Executable, MetaData, String, Text, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator, TypeEngine

_SQLITE_BUSY_TIMEOUT_MS = 10_000
_POSTGRESQL_CONNECT_TIMEOUT_S = 10


class Base(DeclarativeBase):
    """The declarative base. Constraints are named, so that a migration can drop what it made."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcDateTime(TypeDecorator):
    """An aware instant in UTC: ``timestamptz`` on PostgreSQL, sortable ISO text on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect):
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(32))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect):
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A point in time must be aware (UTC).")
        value = value.astimezone(UTC)
        # Always with microseconds, so that text order is time order.
        return value.isoformat(" ", "microseconds") if dialect.name == "sqlite" else value

    def process_result_value(self, value, dialect):
        if value is None:
            return None
        if dialect.name == "sqlite":
            return datetime.fromisoformat(value)
        return value.astimezone(UTC)


class Lines(TypeDecorator):
    """A short ordered list of strings, one a line; none is empty or holds a line feed."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value, dialect):
        if value is None:
            return None
        if any(not line or "\n" in line for line in value):
            raise ValueError("Neither an empty string nor one with a line feed can be kept as a line.")
        return "\n".join(value)

    def process_result_value(self, value, dialect):
        if value is None:
            return None
        # Not splitlines(), which also splits at what Unicode counts as a line's end.
        return value.split("\n") if value else []


# -- transactions ------------------------------------------------------------------------------

_read_only: ContextVar[bool] = ContextVar("read_only", default=False)


def expect_reads_only(flag: bool) -> None:
    """Say whether the ORM's next transactions in this context only read (``web`` knows from the method)."""
    _read_only.set(flag)


def engine_options(database_url: str) -> dict[str, Any]:
    """What SQLAlchemy's ``create_engine`` is to be given for this database."""
    # A row's values, such as an address or a state, have no place in the message of an error that gets logged.
    options: dict[str, Any] = {"hide_parameters": True}
    if database_url.startswith("postgresql"):
        options["connect_args"] = {"connect_timeout": _POSTGRESQL_CONNECT_TIMEOUT_S}
    return options


def prepare_engine(engine: Engine) -> None:
    """Attach the connection settings and the transaction rule to a new engine."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite_connection)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _prepare_postgresql_connection)
        event.listen(engine, "checkout", _refuse_dead_postgresql_connection)
        event.listen(engine, "begin", _begin_postgresql)


def _prepare_sqlite_connection(connection, _record) -> None:
    # The driver must not open transactions by itself: it would begin deferred ones.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={_SQLITE_BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
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
    if connection.closed or _has_input(connection.fileno()):
        raise InvalidatePoolError("The database closed this connection.")


def _has_input(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def _begin_postgresql(connection) -> None:
    connection.exec_driver_sql("BEGIN")


# -- the hot path --------------------------------------------------------------------------------


class Statement:
    """A Core statement, compiled once a dialect and then run on the driver's own cursor.

    SQLAlchemy renders the SQL and converts the values; what is left out is its execution
    machinery, which costs more than the query itself on a primary-key lookup. Values are
    given by the names of the statement's ``bindparam``s, all of them or it is a KeyError;
    "in" lists do not expand here.
    """

    __slots__ = ("_compiled", "_row", "_statement")

    def __init__(self, statement: Executable, row: Callable[..., Any] | None = None):
        """``row`` is called with a row's values in order; without it a row is a named tuple."""
        self._statement = statement
        self._row = row
        self._compiled: dict[str, _Compiled] = {}

    def compiled_for(self, dialect: Dialect) -> "_Compiled":
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _Compiled(self._statement, self._row, dialect)
        return compiled


class _Compiled:
    __slots__ = ("_binds", "_positional", "_readers", "_row", "sql")

    def __init__(self, statement: Executable, row: Callable[..., Any] | None, dialect: Dialect):
        compiled = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self._positional = bool(compiled.positional)
        names = compiled.positiontup if self._positional else list(compiled.binds)
        self._binds = [
            (name, bind.required, compiled.params.get(name), _bind_processor(bind.type, dialect))
            for name in names
            for bind in (compiled.binds[name],)
        ]
        columns = list(getattr(statement, "selected_columns", None) or getattr(statement, "exported_columns", ()))
        self._row = row or namedtuple("Row", [column.key for column in columns])
        self._readers = [
            (index, reader)
            for index, column in enumerate(columns)
            if (reader := _result_processor(column.type, dialect)) is not None
        ]

    def bind(self, values: Mapping[str, Any]):
        bound = [
            (name, value if process is None else process(value))
            for name, required, default, process in self._binds
            # A value that was forgotten would be NULL, which finds nothing and says nothing.
            for value in (values[name] if required else values.get(name, default),)
        ]
        return [value for _, value in bound] if self._positional else dict(bound)

    def read(self, values):
        if self._readers:
            values = list(values)
            for index, reader in self._readers:
                values[index] = reader(values[index])
        return self._row(*values)


def _bind_processor(type_: TypeEngine, dialect: Dialect):
    return type_.dialect_impl(dialect).bind_processor(dialect)


def _result_processor(type_: TypeEngine, dialect: Dialect):
    return type_.dialect_impl(dialect).result_processor(dialect, None)


class Connection:
    """A pooled driver connection in autocommit, for :class:`Statement`. Made by :func:`connect`."""

    __slots__ = ("_cursor", "_dialect", "_pooled")

    def __init__(self, engine: Engine):
        self._dialect = engine.dialect
        self._pooled = engine.raw_connection()
        self._cursor = self._pooled.cursor()

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_exc_info) -> None:
        self._cursor.close()
        self._pooled.close()

    def first(self, statement: Statement, **values):
        """The first row, or None."""
        compiled = statement.compiled_for(self._dialect)
        self._cursor.execute(compiled.sql, compiled.bind(values))
        row = self._cursor.fetchone()
        return None if row is None else compiled.read(row)

    def all(self, statement: Statement, **values) -> list:
        """Every row."""
        compiled = statement.compiled_for(self._dialect)
        self._cursor.execute(compiled.sql, compiled.bind(values))
        return [compiled.read(row) for row in self._cursor.fetchall()]

    def run(self, statement: Statement, **values) -> int:
        """Execute a statement without a result; how many rows it changed."""
        compiled = statement.compiled_for(self._dialect)
        self._cursor.execute(compiled.sql, compiled.bind(values))
        return self._cursor.rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One write transaction: commits at the end, rolls back on any error."""
        self._cursor.execute("BEGIN IMMEDIATE" if self._dialect.name == "sqlite" else "BEGIN")
        try:
            yield
        except BaseException:
            self._cursor.execute("ROLLBACK")
            raise
        self._cursor.execute("COMMIT")


def connect(engine: Engine) -> Connection:
    """A driver connection for the length of a ``with`` block: every statement stands alone unless in a transaction."""
    return Connection(engine)
