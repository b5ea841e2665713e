"""Column types that mean the same on SQLite and PostgreSQL, and the rule by which text is compared."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Dialect, LargeBinary, MetaData, String, Table, Text, event, schema
from sqlalchemy.dialects import registry
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql.base import DialectKWArgConst
from sqlalchemy.types import TypeDecorator, TypeEngine

from app.text import shown_name

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_Processor = Callable[[Any], Any] | None


class PostgresqlOptions(DefaultDialect):
    """What a table may say of PostgreSQL alone, without the dialect, which weighs a megabyte in each worker.

    The options, such as ``postgresql_where``, are asked of what is registered as ``postgresql``. An engine has the dialect
    itself: it is found by its driver, which every address of ours names.
    """

    name = "postgresql"
    construct_arguments = [
        (
            schema.Index,
            {
                "using": False,
                "include": None,
                "where": None,
                "ops": {},
                "concurrently": False,
                "with": {},
                "tablespace": None,
                "nulls_not_distinct": None,
                "invalid": DialectKWArgConst.REFLECTED_ONLY,
            },
        ),
        (
            schema.Table,
            {
                "ignore_search_path": False,
                "tablespace": None,
                "partition_by": None,
                "with_oids": None,
                "with": None,
                "on_commit": None,
                "inherits": None,
                "using": None,
            },
        ),
        (schema.CheckConstraint, {"not_valid": False}),
        (schema.ForeignKeyConstraint, {"not_valid": False}),
        (schema.PrimaryKeyConstraint, {"include": None}),
        (schema.UniqueConstraint, {"include": None, "nulls_not_distinct": None}),
        (schema.CreateView, {"with": None}),
    ]


registry.register("postgresql", __name__, PostgresqlOptions.__name__)
registry.register("postgresql.psycopg", "sqlalchemy.dialects.postgresql.psycopg", "PGDialect_psycopg")
_POSTGRESQL = PostgresqlOptions()


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


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant in UTC: ``timestamptz`` on PostgreSQL, sortable ISO text on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Returns the type that the database knows."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(32))
        return dialect.type_descriptor(DateTime(timezone=True))

    def bind_processor(self, dialect: Dialect) -> _Processor:
        """Returns what writes a value. It raises ``ValueError`` for one without a time zone."""
        return _to_text if dialect.name == "sqlite" else _to_utc

    def result_processor(self, dialect: Dialect, coltype: object) -> _Processor:
        """Returns what reads a value."""
        return _from_text if dialect.name == "sqlite" else _to_utc


def _to_utc(value: datetime | None) -> datetime | None:
    if value is None or value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        raise ValueError("A point in time must be aware (UTC).")
    return value.astimezone(UTC)


def _to_text(value: datetime | None) -> str | None:
    utc = _to_utc(value)
    # Always with microseconds, so that text order is time order.
    return None if utc is None else utc.isoformat(" ", "microseconds")


def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


class UtcMicroseconds(TypeDecorator[datetime]):
    """An aware instant in UTC, kept as the microseconds since 1970: eight bytes, on both databases."""

    impl = BigInteger
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> _Processor:
        """Returns what writes a value. It raises ``ValueError`` for one without a time zone."""
        return _to_microseconds

    def result_processor(self, dialect: Dialect, coltype: object) -> _Processor:
        """Returns what reads a value."""
        return _from_microseconds


def _to_microseconds(value: datetime | None) -> int | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("A point in time must be aware (UTC).")
    return (value - _EPOCH) // _MICROSECOND


def _from_microseconds(value: int | None) -> datetime | None:
    # A product is half as dear as a new timedelta.
    return None if value is None else _EPOCH + _MICROSECOND * value


class Digest(TypeDecorator[str]):
    """A SHA-256, or as many random bits: 64 hex digits in Python, kept as their 32 bytes."""

    impl = LargeBinary(32)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> _Processor:
        """Returns what writes a value. It raises ``ValueError`` for what is not hex."""
        return _to_bytes

    def result_processor(self, dialect: Dialect, coltype: object) -> _Processor:
        """Returns what reads a value."""
        return _from_bytes


def _to_bytes(value: str | None) -> bytes | None:
    return None if value is None else bytes.fromhex(value)


def _from_bytes(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


@event.listens_for(Column, "before_parent_attach")
def _compare_by_code_point(column: Column[Any], _table: Table) -> None:
    """Make text compare as it does in Python and on SQLite, whatever collation a PostgreSQL database has.

    Every column of every table; revisions have the same rule of their own. Positions of pages, ranges of folders and sorted lists
    all depend on it, and equality costs less. A column that names a collation of its own keeps it.
    """
    type_: Any = column.type
    if type(type_) in (String, Text) and vars(type_) == vars(type(type_)(type_.length)):
        # What most are, and then one for all of its length.
        kind: Callable[..., String] = type(type_)
        column.type = _text(kind, type_.length)
        return
    is_decorated = isinstance(type_, TypeDecorator)
    plain = type_.impl_instance if is_decorated else type_
    if not isinstance(plain, String) or type_.dialect_impl(_POSTGRESQL).collation is not None:
        return
    by_code_point: Any = plain.copy()
    by_code_point.collation = "C"
    if is_decorated:
        decorated = type_.copy()
        decorated.impl = decorated.impl_instance = by_code_point
        by_code_point = decorated
    column.type = type_.with_variant(by_code_point, "postgresql")


@cache
def _text(kind: Callable[..., String], length: int | None) -> String:
    return kind(length).with_variant(kind(length, "C"), "postgresql")


class ShownName(TypeDecorator[str]):
    """The name of an app or an organization, read as :func:`app.text.shown_name` shows one that the rule refuses by now.

    So no page can forget it, and nobody decides by a name that was stored before the rule.
    """

    impl = String
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> _Processor:
        """Returns what reads a value."""
        return _shown


def _shown(value: str | None) -> str | None:
    return None if value is None else shown_name(value)


class Lines(TypeDecorator[Sequence[str]]):
    """A short ordered list of strings, one a line; none is empty or holds a line feed."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> str | None:
        """Returns what is stored. Raises ``ValueError`` for an empty string and one with a line feed."""
        if value is None:
            return None
        if any(not line or "\n" in line for line in value):
            raise ValueError("Neither an empty string nor one with a line feed can be kept as a line.")
        return "\n".join(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> list[str] | None:
        """Returns the list again."""
        if value is None:
            return None
        # Not splitlines(), which also splits at what Unicode counts as a line's end.
        return value.split("\n") if value else []
