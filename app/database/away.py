"""What is raised when PostgreSQL does not answer a request soon enough, or was not asked because it does not."""

from typing import Any

import psycopg

from app.database.unavailable import DatabaseUnavailable


class NoAnswer(DatabaseUnavailable, psycopg.OperationalError):
    """PostgreSQL did not answer within the time that a request may wait. The statement is cancelled, its connection closed."""

    def __init__(self, *_arguments: Any) -> None:
        super().__init__("silent", "The database did not answer in time.")


class NotAsked(DatabaseUnavailable, psycopg.OperationalError):
    """PostgreSQL is known not to answer, or as many threads wait for it as may: this request was not added to them."""
