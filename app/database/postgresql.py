"""Our connection to PostgreSQL: psycopg's, which waits no longer than whoever asks has patience."""

import select
import threading
from time import monotonic
from typing import Any

import psycopg
from psycopg import waiting
from psycopg.errors import _WaitTimeout
from psycopg.pq import TransactionStatus

from app.database.away import NotAsked
from app.database.patience import Patience, find_patience
from app.database.waits import LONG_SECONDS, Waits

_INTERVAL = 0.1
#: Seconds that the end of a transaction is given, whatever went before it.
_LAST_SECONDS = 0.3
_IDLE = TransactionStatus.IDLE
#: Seconds for asking the server to cancel a statement that has been given up.
_CANCEL_SECONDS = 2.0
#: Of statements that are being cancelled; beyond it connections are closed without.
_MOST_CANCELS = 8
_CANCELLING = "database-cancel"


class PostgresqlConnection(psycopg.Connection[Any]):
    """psycopg's connection. What is asked in a request is given up when the request has waited long enough."""

    waits: Waits
    #: When the server last answered, for as far as it was asked with patience.
    answered_at = 0.0
    _is_given_up = False

    def wait(self, gen: Any, interval: float = _INTERVAL, timeout: float | None = None) -> Any:
        """psycopg's own. Raises :class:`NoAnswer` and :class:`NotAsked` too."""
        patience = find_patience()
        if patience is None or timeout is not None:
            return super().wait(gen, interval, timeout)
        left = patience.left
        if (self.waits.are_closed or left < _LAST_SECONDS) and self.pgconn.transaction_status == _IDLE:
            self.waits.check(patience)
        began = monotonic()
        try:
            answer = waiting.wait(
                gen, self.pgconn.socket, interval=interval, timeout=min(LONG_SECONDS, max(left, _LAST_SECONDS))
            )
        except _WaitTimeout:
            answer = self._wait_long(gen, patience, began)
        self.answered_at = now = monotonic()
        patience.spend(now - began)
        return answer

    def _wait_long(self, gen: Any, patience: Patience, began: float) -> Any:
        try:
            self.waits.begin_long()
        except NotAsked:
            self._give_up()
            raise
        try:
            left = max(0.0, patience.left - (monotonic() - began))
            return waiting.wait(gen, self.pgconn.socket, interval=_INTERVAL, timeout=left)
        except _WaitTimeout:
            self._give_up()
            raise self.waits.give_up(patience) from None
        finally:
            self.waits.end_long()

    def rollback(self) -> None:
        """Undo the open transaction. Where there is none, or no connection any more, there is nothing to ask for."""
        if not self.closed and self.pgconn.transaction_status != _IDLE:
            super().rollback()

    @property
    def closed(self) -> bool:
        """Whether nothing can be asked any more."""
        return self._is_given_up or super().closed

    def close(self) -> None:
        """Close it; one that was given up closes when its statement is cancelled."""
        if not self._is_given_up:
            super().close()

    def is_alive(self) -> bool:
        """Returns whether the server has left this connection, which lies idle, open."""
        if self.closed or self.answered_at < self.waits.doubtful_before:
            return False
        poll = select.poll()
        poll.register(self.pgconn.socket, select.POLLIN)
        return not poll.poll(0)

    def _give_up(self) -> None:
        """Let another thread cancel the statement at the server, which may be as silent as before, and then close."""
        self._is_given_up = True
        thread = threading.Thread(target=self._cancel_and_close, name=_CANCELLING, daemon=True)
        if sum(other.name == _CANCELLING for other in threading.enumerate()) < _MOST_CANCELS:
            thread.start()
        else:
            super().close()

    def _cancel_and_close(self) -> None:
        try:
            self.cancel_safe(timeout=_CANCEL_SECONDS)
        except psycopg.Error:
            # Then it ends when the server notices that nobody is there.
            pass
        finally:
            super().close()
