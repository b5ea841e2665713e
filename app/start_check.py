"""Whether the database is fit to start on, said in one sentence when it is not."""

import logging
import sqlite3

import psycopg
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy.exc import DBAPIError

from app.database.problems import find_database_problem, name_database
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
    scripts = ScriptDirectory.from_config(current_app.extensions["migrate"].migrate.get_config())
    known = {revision.revision for revision in scripts.walk_revisions()}
    with db.engine.connect() as connection:
        present = set(MigrationContext.configure(connection).get_current_heads())
    if present == set(scripts.get_heads()) or present - known:
        return None
    return (
        f"the database has not been brought up to date: run flask db upgrade"
        f" (DATABASE_URL leads to {name_database(db.engine.url)})."
    )


def find_start_problem() -> str | None:
    """What must stop the start. A server that is away does not: it may come back by itself, so that is only logged."""
    try:
        return find_missing_migration()
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
