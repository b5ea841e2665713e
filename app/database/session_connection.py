"""Statements inside the transaction of an ORM session: what a page reads without the ORM, or together with it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.orm import Session

from app.database.connections import Connection
from app.database.statements import Compiled

_log = logging.getLogger(__name__)


class SessionConnection(Connection):
    """A connection that runs every statement in the session's own transaction, on the session's driver connection.

    Whoever commits the session commits what was run here, too.
    """

    __slots__ = ("_session",)

    def __init__(self, session: Session):
        self._session = session
        self._dialect = session.get_bind().dialect
        self._afterwards = None

    def __enter__(self) -> "SessionConnection":
        return self

    def __exit__(self, *_exc_info: Any) -> None:
        """The session stays as it is."""

    def is_dead(self) -> bool:
        return False

    def _check_write(self) -> None:
        """There is nobody to wait for. Where the session only reads, the database refuses what is not a read."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Let everything in the block be committed at its end, or rolled back on any error, with the whole session."""
        try:
            yield
            self._session.commit()
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        try:
            self._session.rollback()
        except Exception as error:
            self._session.invalidate()
            _log.warning("A transaction could not be rolled back: %s", error)

    @property
    def _cursor(self) -> Any:
        return self._pooled.cursor()

    def _execute(self, compiled: Compiled, values: Any) -> Any:
        # The session may hold what the statement is about.
        self._session.flush()
        self._pooled = self._session.connection().connection
        self._driver = self._pooled.driver_connection
        return super()._execute(compiled, values)
