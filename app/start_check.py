"""Whether the database is fit to start on, said in one sentence when it is not."""

import logging
import sqlite3

import psycopg
from flask import current_app
from sqlalchemy.exc import DBAPIError

from app.database.connections import connect
from app.database.problems import find_database_problem, name_database
from app.database.schema import Revisions, find_present, find_schema_problem, read_revisions, say_newer
from app.extensions import db

_log = logging.getLogger(__name__)

#: What a database that does not work raises; a connection's first words are not wrapped by SQLAlchemy.
DATABASE_ERRORS = (DBAPIError, sqlite3.Error, psycopg.Error)


def explain(error: Exception) -> str | None:
    """The sentence for one of :data:`DATABASE_ERRORS`; None when it is not the database that cannot be used."""
    problem = find_database_problem(error, db.engine.url)
    return problem and f"the database does not work: {problem}"


def find_missing_migration() -> str | None:
    """A sentence when the database lacks a migration. One that is ahead is not this version's to judge."""
    if find_schema_problem(db.engine, our_revisions()) is None:
        return None
    return (
        f"the database has not been brought up to date: run flask db upgrade"
        f" (DATABASE_URL leads to {name_database(db.engine.url)})."
    )


def our_revisions() -> Revisions:
    """Returns the migrations that the current app brings along."""
    return read_revisions(current_app.extensions["migrate"].directory)


def find_start_problem() -> str | None:
    """What must stop the start. A server that is away does not: it may come back by itself, so that is only logged."""
    try:
        problem = find_missing_migration()
        if problem is None:
            _tell_if_newer()
        return problem
    except DATABASE_ERRORS as error:
        problem = explain(error)
        if problem is None:
            raise
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(cause, psycopg.Error) or getattr(cause, "sqlite_errorname", "") in (
            "SQLITE_BUSY",
            "SQLITE_LOCKED",
        ):
            _log.error("Starting all the same: %s", problem)
            return None
        return problem
    finally:
        # gunicorn forks next, and no connection may be carried over a fork.
        db.engine.dispose()


def _tell_if_newer() -> None:
    with connect(db.engine) as connection:
        present = find_present(connection)
    if our_revisions().find_unknown(present):
        _log.warning("Starting all the same: %s", say_newer(present, our_revisions()))
