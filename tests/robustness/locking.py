"""Another process that writes to SQLite for a while."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import make_url


@contextmanager
def locked(app) -> Iterator[None]:
    """Hold the one write lock of the app's SQLite database, as in the middle of another's transaction."""
    connection = sqlite3.connect(make_url(app.extensions["settings"].database_url).database, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()
