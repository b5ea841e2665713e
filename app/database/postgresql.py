"""Our connection to PostgreSQL: psycopg's, which waits no longer than whoever asks has patience."""

import select
import threading
from collections.abc import Sequence
from time import monotonic
from typing import Any, Self, cast

import psycopg
from psycopg import errors, generators, waiting
from psycopg.errors import _WaitTimeout
from psycopg.pq import TransactionStatus

from app.database.away import NoAnswer, NotAsked
from app.database.patience import Patience, find_patience
from app.database.pooling import OwnNames, Pooling
from app.database.repeat import was_prepared_before
from app.database.statements.prepared import UNPREPARED, Answer, Prepared, Question
from app.database.statements.wire import Wire
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

_LOCK_SECONDS = 2
#: For a statement of a request, which is given up sooner: the server ends it also when we are gone.
_STATEMENT_SECONDS = 30
#: Whoever uses a connection beside others is not to keep them waiting.
_NO_WAIT = "SET lock_timeout = '20ms'"
_SET_IN_TRANSACTION = (
    f"; SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'; SET LOCAL statement_timeout = '{_STATEMENT_SECONDS}s'"
)
#: What is prepared while a table is small would read it as a whole, and go on to when it has grown, until PostgreSQL counts
#: it anew: so it begins at an index. Where there is none, that counts as dear; to compile such a plan would take longer.
_PLANS = "-c enable_seqscan=off -c jit=off"
#: As startup options, which hold for the whole session: what any process wants, and what one that serves requests wants.
#: The role or the database may have other defaults; the driver reads dates in ISO's style alone.
OPTIONS = "-c TimeZone=UTC -c DateStyle=ISO -c standard_conforming_strings=on -c default_transaction_isolation=read\\ committed"
SERVING_OPTIONS = (
    f"{OPTIONS} -c lock_timeout={_LOCK_SECONDS}s -c statement_timeout={_STATEMENT_SECONDS}s"
    f" -c idle_in_transaction_session_timeout={_STATEMENT_SECONDS}s {_PLANS}"
)


class _Cursor(psycopg.Cursor[Any]):
    """psycopg's cursor, for statements that were prepared and are so no more."""

    __slots__ = ()

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        """Run a statement; once more, unprepared, where it stands alone and the server no longer has it as it was prepared."""
        try:
            return super().execute(query, params, **options)
        except UNPREPARED as error:
            connection = cast(PostgresqlConnection, self.connection)
            if not connection.forget_prepared(error):
                raise
            return super().execute(query, params, prepare=False)


class PostgresqlConnection(psycopg.Connection[Any]):
    """psycopg's connection. What is asked in a request is given up when the request has waited long enough."""

    waits: Waits
    pooling: Pooling
    #: When the server last answered, for as far as it was asked with patience.
    answered_at = 0.0
    #: Seconds that whoever has no patience of its own waits at most; None for as long as it takes.
    longest_wait: float | None = None
    _is_given_up = False

    def belong_to(self, waits: Waits, pooling: Pooling) -> None:
        """Say for whom it was made."""
        self.waits, self.pooling = waits, pooling
        threshold = self.prepare_threshold
        self._prepared = own_names = OwnNames(pooling)
        self._statements = Prepared(self, own_names.prefix)
        self.prepare_threshold = threshold
        self.cursor_factory = _Cursor
        self._poll = select.poll()
        self._poll.register(self.pgconn.socket, select.POLLIN)
        self.answered_at = monotonic()

    def run(self, wire: Wire, values: Sequence[bytes | None]) -> Answer:
        """Returns the answer to a statement. Raises what a cursor does."""
        try:
            return self._statements.run(wire, values, prepare=self.pooling.may_prepare)
        except UNPREPARED as error:
            if not self.forget_prepared(error):
                raise
            return self._statements.run(wire, values, prepare=False)

    def run_all(self, questions: Sequence[Question]) -> None:
        """Have all answered in one round trip. Raises what ``run`` does where the connection is lost, and is to be closed."""
        error = self._statements.run_all(questions, prepare=self.pooling.may_prepare)
        if error is not None:
            self.forget_prepared(error)

    def wait_for_no_lock(self) -> bool:
        """Have statements given up that wait longer than a moment for a lock. Returns whether that can be said here."""
        if not self.pooling.is_noticed:
            self.execute(_NO_WAIT)
        return not self.pooling.is_noticed

    def begin(self, *words: str) -> str:
        """Returns what begins a transaction: where no session is ours, what bounds its waits is said in the same breath."""
        begin = " ".join(("BEGIN", *words))
        return begin + _SET_IN_TRANSACTION if self.pooling.is_noticed and find_patience() is not None else begin

    def forget_prepared(self, error: psycopg.Error) -> bool:
        """Returns whether the statement that failed like this may be run once more, as nothing that it did is lost or done."""
        if isinstance(error, errors.FeatureNotSupported):
            if not was_prepared_before(error):
                return False
            self._prepared.clear()
            self._statements.forget()
        else:
            self.pooling.stop_preparing()
        return self.pgconn.transaction_status == _IDLE

    def wait(self, gen: Any, interval: float = _INTERVAL, timeout: float | None = None) -> Any:
        """psycopg's own. Raises :class:`NoAnswer` and :class:`NotAsked` too."""
        patience = find_patience()
        if patience is None or timeout is not None:
            return self._wait_without_patience(gen, interval, timeout)
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

    def _wait_without_patience(self, gen: Any, interval: float, timeout: float | None) -> Any:
        try:
            return super().wait(gen, interval, self.longest_wait if timeout is None else timeout)
        except _WaitTimeout:
            if timeout is not None:
                raise
            self._give_up()
            raise NoAnswer from None

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
        return not self._poll.poll(0)

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
            cancelling = self.pgconn.cancel_conn()
            cancelling.start()
            waiting.wait_conn(generators.cancel(cancelling), interval=_INTERVAL, timeout=_CANCEL_SECONDS)
        except psycopg.Error:
            # Then it ends when the server notices that nobody is there.
            pass
        finally:
            super().close()
