"""A connection of the doctor's own, which no setting of ours has touched and which gives up soon."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.doctor.finding import Deployment

if TYPE_CHECKING:
    import psycopg

_CONNECT_SECONDS = 3


@contextmanager
def connect_to_postgresql(deployment: Deployment) -> "Iterator[psycopg.Connection[Any]]":
    """Raises ``psycopg.Error`` soon."""
    import psycopg

    arguments, parameters = deployment.engine.dialect.create_connect_args(deployment.url)
    how: dict[str, Any] = {
        **parameters,
        "connect_timeout": _CONNECT_SECONDS,
        "prepare_threshold": None,
        "autocommit": True,
        # Else what a database without an encoding answers comes as bytes.
        "client_encoding": "utf8",
    }
    with psycopg.connect(*arguments, **how) as connection:
        yield connection


@contextmanager
def connect_to_sqlite(deployment: Deployment) -> Iterator[sqlite3.Connection]:
    """Raises ``sqlite3.Error`` soon, and makes no file."""
    address = Path(deployment.url.database or "").absolute().as_uri()
    with closing(sqlite3.connect(f"{address}?mode=rw", uri=True, timeout=2, isolation_level=None)) as connection:
        yield connection


def ask(deployment: Deployment, statement: str) -> Any:
    """Returns the first value of a statement's first row, None when there is none."""
    connect: Any = connect_to_sqlite if deployment.is_sqlite else connect_to_postgresql
    with connect(deployment) as connection:
        row = connection.execute(statement).fetchone()
    return row and row[0]
