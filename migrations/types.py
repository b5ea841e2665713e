"""The column types that revisions name, frozen as they were: what a revision makes never changes with the app's types.

They say only how a column is made. No revision reads or writes values through them.
"""

from sqlalchemy import Column, DateTime, Dialect, String, Table, Text, event
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator, TypeEngine

_POSTGRESQL = postgresql.dialect()


class UtcDateTime(TypeDecorator):
    """A point in time: ``timestamptz`` on PostgreSQL, sortable ISO text on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine:
        """Returns the type that the database knows."""
        return dialect.type_descriptor(String(32) if dialect.name == "sqlite" else DateTime(timezone=True))


class Lines(TypeDecorator):
    """A short ordered list of strings, one a line."""

    impl = Text
    cache_ok = True


@event.listens_for(Column, "before_parent_attach")
def _compare_by_code_point(column: Column, _table: Table) -> None:
    """Make text compare as it does in Python and on SQLite, whatever collation a PostgreSQL database has.

    A column that names a collation of its own keeps it.
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
