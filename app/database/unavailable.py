"""What an error of the database means: that the database is unavailable just now, and how, or that a program is wrong.

This is the one place that decides it. Every door answers the first with 503 and ``Retry-After``, and the second with 500.
"""

import sqlite3
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeGuard, cast

from sqlalchemy import exc

from app.database.access import may_orm_write

if TYPE_CHECKING:
    import psycopg

#: Seconds after which whoever was told that the database is unavailable may try again.
RETRY_AFTER = 2

#: How the extended names of SQLite's errors begin -> the kind. The first that fits.
_SQLITE = {
    "SQLITE_BUSY": "locked",
    "SQLITE_LOCKED": "locked",
    "SQLITE_PROTOCOL": "locked",
    "SQLITE_FULL": "full",
    "SQLITE_READONLY": "read-only",
    "SQLITE_CANTOPEN": "away",
    "SQLITE_IOERR_SHMSIZE": "full",
    "SQLITE_IOERR": "broken",
    "SQLITE_NOTADB": "broken",
    "SQLITE_CORRUPT": "broken",
    "SQLITE_NOLFS": "full",
    "SQLITE_NOMEM": "busy",
    "SQLITE_INTERRUPT": "slow",
}
#: How PostgreSQL's SQLSTATEs begin -> the kind. The first that fits.
_POSTGRESQL = {
    "08": "away",
    "25006": "read-only",
    "25P03": "slow",
    "25P04": "slow",
    # A prepared statement that a pooler has lost, in a transaction, which cannot go on: the next one prepares none.
    "26000": "away",
    "42P05": "away",
    "28": "away",
    "3D000": "away",
    # What the database asks to be repeated, and was: it is still in the way.
    "40": "busy",
    # Tables of another owner, as after a dump was restored by somebody else.
    "42501": "forbidden",
    "53100": "full",
    "53": "busy",
    "55006": "busy",
    "55P03": "locked",
    "57014": "slow",
    "57": "away",
    "58": "broken",
    "XX001": "broken",
    "XX002": "broken",
}
#: What PostgreSQL or a pooler says, in English, to whom it gives no connection as it has none left; it comes without a code.
_NONE_LEFT = ("connection slots", "too many", "no more connections")
#: SQLAlchemy's code of "can't reconnect until the invalid transaction is rolled back".
_LOST_IN_TRANSACTION = "8s2b"


class DatabaseUnavailable(Exception):
    """The database cannot be used just now, as we know without asking it. ``kind`` says how, in a word for the log."""

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind


def find_unavailability(error: BaseException | None) -> str | None:
    """Returns how the database is unavailable, as a word, when that is what the error says; None for any other error."""
    is_of_orm = False
    for cause in _causes(error):
        # SQLAlchemy wraps what its own transactions raise, and nobody what a driver's connection does.
        is_of_orm |= isinstance(cause, exc.DBAPIError)
        kind = _kind_of(cause, is_of_orm)
        if kind is not None:
            return kind
    return None


def lacks_schema(error: BaseException | None) -> bool:
    """Returns whether the database says that a table or a column is not there.

    Either the program is wrong, or the database has another schema than the program.
    """
    return any(
        getattr(cause, "sqlstate", None) in ("42P01", "42703")
        or (isinstance(cause, sqlite3.OperationalError) and str(cause).startswith(("no such table", "no such column")))
        or (isinstance(cause, sqlite3.OperationalError) and "has no column named" in str(cause))
        for cause in _causes(error)
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and what SQLAlchemy or Flask have wrapped in it."""
    for _ in range(5):
        if error is None:
            return
        yield error
        error = getattr(error, "orig", None) or getattr(error, "original_exception", None)


def _kind_of(error: BaseException, is_of_orm: bool) -> str | None:
    if isinstance(error, DatabaseUnavailable):
        return error.kind
    if isinstance(error, exc.TimeoutError):
        # Every connection of the pool is in use.
        return "busy"
    if isinstance(error, exc.InvalidatePoolError | exc.DisconnectionError):
        return "away"
    if isinstance(error, exc.PendingRollbackError):
        return "away" if error.code == _LOST_IN_TRANSACTION else None
    if isinstance(error, exc.DBAPIError) and isinstance(error.orig, DatabaseUnavailable):
        return error.orig.kind
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        # So is one that could not commit, for whatever reason.
        return _kind_of(cast(BaseException, error.orig), is_of_orm) or "away"
    if isinstance(error, sqlite3.Error):
        name = getattr(error, "sqlite_errorname", None) or ""
        return next((kind for known, kind in _SQLITE.items() if name.startswith(known)), None)
    return _kind_of_postgresql(error, is_of_orm) if is_of_postgresql(error) else None


def _kind_of_postgresql(error: "psycopg.Error", is_of_orm: bool) -> str | None:
    if error.sqlstate is None:
        # There is no connection, or no longer.
        if not has_no_connection(error):
            return None
        return "busy" if any(said in str(error) for said in _NONE_LEFT) else "away"
    if error.sqlstate == "25006" and is_of_orm and not may_orm_write():
        # We let this transaction only read, and it tried to write. A driver's connection is never kept from that.
        return None
    return next((kind for known, kind in _POSTGRESQL.items() if error.sqlstate.startswith(known)), None)


# -- the drivers: PostgreSQL's is loaded where there is such a database, and nowhere else ----------


def is_of_postgresql(error: object) -> TypeGuard["psycopg.Error"]:
    """Returns whether an error is one that PostgreSQL's driver raises."""
    driver = sys.modules.get("psycopg")
    return driver is not None and isinstance(error, driver.Error)


def has_no_connection(error: object) -> bool:
    """Returns whether an error is one that PostgreSQL's driver raises for a server that cannot be reached or used."""
    driver = sys.modules.get("psycopg")
    return driver is not None and isinstance(error, driver.OperationalError | driver.InterfaceError)


def driver_errors() -> tuple[type[Exception], ...]:
    """Returns what the drivers raise that are loaded, for an ``except``."""
    driver = sys.modules.get("psycopg")
    return (sqlite3.Error,) if driver is None else (sqlite3.Error, driver.Error)
