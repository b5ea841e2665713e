"""Whether the database is fit to start on, said in one sentence when it is not."""

import logging

from sqlalchemy.exc import DBAPIError

from app.database.connections import connect
from app.database.problems import find_database_problem, name_database
from app.database.schema import (
    UTF8,
    find_encoding,
    find_present,
    find_schema_problem,
    read_revisions,
    say_encoding,
    say_newer,
)
from app.database.unavailable import driver_errors, is_of_postgresql
from app.extensions import db

_log = logging.getLogger(__name__)


def database_errors() -> tuple[type[Exception], ...]:
    """Returns what a database that does not work raises; a connection's first words are not wrapped by SQLAlchemy."""
    return (DBAPIError, *driver_errors())


def explain(error: Exception) -> str | None:
    """Returns the sentence for one of :func:`database_errors`; None when it is not the database that cannot be used."""
    problem = find_database_problem(error, db.engine.url)
    return problem and f"the database does not work: {problem}"


def find_missing_migration() -> str | None:
    """Returns a sentence when the database lacks a migration. One that is ahead is not this version's to judge."""
    if find_schema_problem(db.engine, read_revisions()) is None:
        return None
    return (
        f"the database has not been brought up to date: run flask db upgrade"
        f" (DATABASE_URL leads to {name_database(db.engine.url)})."
    )


def find_start_problem() -> str | None:
    """Returns what must stop the start.

    A server that is away does not: it may come back by itself, so that is only logged.
    """
    try:
        problem = find_missing_migration()
        if problem is None:
            _tell_what_is_odd()
        return problem
    except database_errors() as error:
        problem = explain(error)
        if problem is None:
            raise
        cause = error.orig if isinstance(error, DBAPIError) else error
        if is_of_postgresql(cause) or getattr(cause, "sqlite_errorname", "") in (
            "SQLITE_BUSY",
            "SQLITE_LOCKED",
        ):
            _log.error("Starting all the same: %s", problem)
            return None
        return problem
    finally:
        # gunicorn forks next, and no connection may be carried over a fork.
        db.engine.dispose()


def _tell_what_is_odd() -> None:
    with connect(db.engine) as connection:
        present = find_present(connection)
        encoding = UTF8 if db.engine.dialect.name == "sqlite" else find_encoding(connection)
    if read_revisions().find_later(present):
        _log.warning("Starting all the same: %s", say_newer(present, read_revisions()))
    # One that works so since an earlier version may go on; flask db upgrade begins none.
    if encoding != UTF8:
        _log.warning("Starting all the same: %s", say_encoding(encoding))
