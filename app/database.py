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
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Column, DateTime, Dialect, Engine, Executable, MetaData, String, Text, event, make_url
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from app.database_url import connect_arguments, find_sqlite_wait
from app.text import shown_name

_SQLITE_BUSY_TIMEOUT_MS = 10_000
_POSTGRESQL = postgresql.dialect()


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

    def bind_processor(self, dialect):
        return _to_text if dialect.name == "sqlite" else _to_utc

    def result_processor(self, dialect, coltype):
        return _from_text if dialect.name == "sqlite" else _to_utc


def _to_utc(value: datetime | None) -> datetime | None:
    if value is None or value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        raise ValueError("A point in time must be aware (UTC).")
    return value.astimezone(UTC)


def _to_text(value: datetime | None) -> str | None:
    # Always with microseconds, so that text order is time order.
    return None if value is None else _to_utc(value).isoformat(" ", "microseconds")


def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


@event.listens_for(Column, "before_parent_attach")
def _compare_by_code_point(column: Column, _table) -> None:
    """Make text compare as it does in Python and on SQLite, whatever collation a PostgreSQL database has.

    Every column of every table, in models and migrations alike: positions of pages, ranges of folders and sorted lists
    all depend on it, and equality costs less. A column that names a collation of its own keeps it.
    """
    type_ = column.type
    is_decorated = isinstance(type_, TypeDecorator)
    plain = type_.impl_instance if is_decorated else type_
    if not isinstance(plain, String) or type_.dialect_impl(_POSTGRESQL).collation is not None:
        return
    by_code_point = plain.copy()
    by_code_point.collation = "C"
    if is_decorated:
        decorated = type_.copy()
        decorated.impl = decorated.impl_instance = by_code_point
        by_code_point = decorated
    column.type = type_.with_variant(by_code_point, "postgresql")


class ShownName(TypeDecorator):
    """The name of an app or an organization, read as :func:`app.text.shown_name` shows one that the rule refuses by now.

    So no page can forget it, and nobody decides by a name that was stored before the rule.
    """

    impl = String
    cache_ok = True

    def result_processor(self, dialect, coltype):
        return _shown


def _shown(value: str | None) -> str | None:
    return None if value is None else shown_name(value)


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
    event.listen(engine, "engine_disposed", _forget_idle_connections)
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
    if not _is_alive(connection):
        raise InvalidatePoolError("The database closed this connection.")


def _is_alive(connection) -> bool:
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)


def _begin_postgresql(connection) -> None:
    connection.exec_driver_sql("BEGIN")


# -- the hot path --------------------------------------------------------------------------------


class RowGone(Exception):
    """What a new row was to hang on has been deleted since it was looked up."""


def _explained(error: Exception) -> Exception:
    is_foreign_key = (
        getattr(error, "sqlite_errorname", None) == "SQLITE_CONSTRAINT_FOREIGNKEY"
        or getattr(error, "sqlstate", None) == "23503"
    )
    return RowGone() if is_foreign_key else error


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
    __slots__ = ("_binds", "_defaults", "_positional", "_readers", "_row", "sql")

    def __init__(self, statement: Executable, row: Callable[..., Any] | None, dialect: Dialect):
        compiled = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self._positional = bool(compiled.positional)
        named = {name: bind for bind, name in compiled.bind_names.items()}
        binds = [(name, named[name]) for name in (compiled.positiontup if self._positional else named)]
        # What the statement itself says, such as the values of a "case". The rest must be given: a value
        # that was forgotten would be NULL, which finds nothing and says nothing.
        self._defaults = {name: compiled.params[name] for name, bind in binds if not bind.required}
        self._binds = [(name, bind.type.dialect_impl(dialect).bind_processor(dialect)) for name, bind in binds]
        columns = list(getattr(statement, "selected_columns", None) or getattr(statement, "exported_columns", ()))
        self._row = row or namedtuple("Row", [column.key for column in columns])
        self._readers = [
            (index, reader)
            for index, column in enumerate(columns)
            if (reader := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        ]

    def bind(self, values: Mapping[str, Any]):
        if self._defaults:
            values = self._defaults | values
        if self._positional:
            return [process(values[name]) if process else values[name] for name, process in self._binds]
        return {name: process(values[name]) if process else values[name] for name, process in self._binds}

    def read(self, values):
        if self._readers:
            values = list(values)
            for index, reader in self._readers:
                # NULL is None for every type; most columns with a reader are points in time that have not come.
                if values[index] is not None:
                    values[index] = reader(values[index])
        return self._row(*values)


class Connection:
    """A driver connection in autocommit, for :class:`Statement`. Made by :func:`connect`."""

    __slots__ = ("_cursor", "_dialect", "_idle", "_pooled")

    def __init__(self, engine: Engine, idle: list["Connection"]):
        self._dialect = engine.dialect
        self._pooled = engine.raw_connection()
        self._idle = idle
        self._cursor = None

    def __enter__(self) -> "Connection":
        self._cursor = self._pooled.cursor()
        return self

    def __exit__(self, kind, *_exc_info) -> None:
        # Closed every time: an unfinished SELECT would hold SQLite's write-ahead log.
        self._cursor.close()
        if kind is None and len(self._idle) < _MOST_IDLE_CONNECTIONS:
            self._idle.append(self)
        else:
            self._pooled.close()

    def is_dead(self) -> bool:
        """Whether the database hung up while the connection lay idle; then it is given up."""
        if self._dialect.name == "sqlite" or _is_alive(self._pooled):
            return False
        self._pooled.invalidate()
        return True

    def first(self, statement: Statement, **values):
        """The first row, or None. May raise :class:`RowGone`, as may ``run``."""
        compiled = statement.compiled_for(self._dialect)
        try:
            self._cursor.execute(compiled.sql, compiled.bind(values))
        except self._dialect.dbapi.IntegrityError as error:
            raise _explained(error) from None
        row = self._cursor.fetchone()
        return None if row is None else compiled.read(row)

    def all(self, statement: Statement, **values) -> list:
        """Every row."""
        compiled = statement.compiled_for(self._dialect)
        self._cursor.execute(compiled.sql, compiled.bind(values))
        return [compiled.read(row) for row in self._cursor.fetchall()]

    def run(self, statement: Statement, **values) -> int:
        """Execute a statement without a result; how many rows it changed."""
        if _no_effect.get():
            raise RuntimeError("A HEAD must not write. Mark the page only_by_navigation, or leave the note out.")
        compiled = statement.compiled_for(self._dialect)
        try:
            self._cursor.execute(compiled.sql, compiled.bind(values))
        except self._dialect.dbapi.IntegrityError as error:
            raise _explained(error) from None
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
    """A driver connection for the length of a ``with`` block: every statement stands alone unless in a transaction.

    A few are kept out of the pool between requests: checking one out costs half of what a lookup does.
    """
    idle = _idle_connections.get(engine)
    if idle is None:
        idle = _idle_connections.setdefault(engine, [])
    while True:
        try:
            connection = idle.pop()
        except IndexError:
            return Connection(engine, idle)
        if not connection.is_dead():
            return connection


def _forget_idle_connections(engine: Engine) -> None:
    _idle_connections.pop(engine, None)


_MOST_IDLE_CONNECTIONS = 4
_idle_connections: WeakKeyDictionary[Engine, list[Connection]] = WeakKeyDictionary()
