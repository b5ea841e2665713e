"""Column types that mean the same on SQLite and PostgreSQL, and the rule by which text is compared."""

from datetime import UTC, datetime

from sqlalchemy import Column, DateTime, MetaData, String, Text, event
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from app.text import shown_name

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
