"""Holding the database's writers back for a while: as a fault, and to make sure that a race really is one."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from time import monotonic

import psycopg
from sqlalchemy import make_url

from tests.databases import for_libpq

_TIMEOUT_SECONDS = 20


def writers_held_back(app) -> AbstractContextManager[None]:
    """While it lasts, whoever reads goes on, and whoever wants to write waits."""
    return locked(app) if _url(app).drivername == "sqlite" else _locked_tables(app)


@contextmanager
def locked(app) -> Iterator[None]:
    """Hold the one write lock of the app's SQLite database, as in the middle of another's transaction."""
    connection = sqlite3.connect(_url(app).database, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


@contextmanager
def administrator(app, *, database: str | None = None) -> Iterator[psycopg.Connection]:
    """A connection of our own to the app's PostgreSQL database, or to another beside it."""
    url = _url(app)
    url = url.set(database=database or url.database)
    with psycopg.connect(for_libpq(url), autocommit=True) as connection:
        yield connection


def wait_until(is_so: Callable[[], bool]) -> None:
    """Ask again and again. Every question is a round trip to a database, so this does not spin."""
    end = monotonic() + _TIMEOUT_SECONDS
    while not is_so():
        assert monotonic() < end, "It did not happen."


@contextmanager
def _locked_tables(app) -> Iterator[None]:
    with administrator(app) as connection, connection.transaction():
        # SHARE lets others read, and stops them where they would write.
        connection.execute("LOCK TABLE oauth_codes, oauth_refresh_tokens IN SHARE MODE")
        yield


def _url(app):
    return make_url(app.extensions["services"].settings.database_url)
