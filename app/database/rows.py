"""What became of a statement: how many rows it has changed, and which rule of the database has refused it."""

from typing import Any, cast

from sqlalchemy import CursorResult, PrimaryKeyConstraint, Result, Table, UniqueConstraint
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute

_SQLITE_UNIQUE = "UNIQUE constraint failed: "


def changed_rows(result: Result[Any]) -> int:
    """Returns the row count of an executed INSERT, UPDATE or DELETE."""
    return cast(CursorResult[Any], result).rowcount


def is_taken(error: IntegrityError, *columns: InstrumentedAttribute[Any]) -> bool:
    """Returns whether the error says that another row has these values in these columns of one table already."""
    table: Table = columns[0].property.columns[0].table
    names = {column.property.columns[0].name for column in columns}
    message = str(error.orig)
    if message.startswith(_SQLITE_UNIQUE):
        return set(message.removeprefix(_SQLITE_UNIQUE).split(", ")) == {f"{table.name}.{name}" for name in names}
    broken = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    return broken is not None and broken in _rules_on(table, names)


def refers_to_nothing(error: Exception) -> bool:
    """Returns whether the error says that a row would refer to one that is not there, or no more."""
    cause = getattr(error, "orig", error)
    return (
        getattr(cause, "sqlite_errorname", None) == "SQLITE_CONSTRAINT_FOREIGNKEY"
        or getattr(cause, "sqlstate", None) == "23503"
    )


def is_duplicate(error: Exception) -> bool:
    """Returns whether a driver's error says that another row has what only one may have."""
    return (
        getattr(error, "sqlite_errorname", None) == "SQLITE_CONSTRAINT_UNIQUE"
        or getattr(error, "sqlstate", None) == "23505"
    )


def _rules_on(table: Table, names: set[str]) -> set[Any]:
    """The names of the keys and the unique indexes that are about exactly these columns."""
    keys = [one for one in table.constraints if isinstance(one, UniqueConstraint | PrimaryKeyConstraint)]
    unique = [one for one in table.indexes if one.unique]
    return {one.name for one in (*keys, *unique) if {column.name for column in one.columns} == names}
