"""Two threads that run a worker's loop by turns, so that one of them can answer by itself.

To hand a request to a thread of the pool, and to hear from it, costs as much as the answer to what programs ask. So the
thread that runs the loop answers that itself. Where an answer takes longer than a moment, because a database is locked
or silent, the main thread runs the loop meanwhile, and leaves everything to the pool. And where most take long, as with
a database that is far away, they are the pool's too: there they can wait side by side.
"""

import os
import signal
import time
from functools import partial
from threading import Lock, Thread

from app.http.application import Together
from app.worker.bounds import LONG_ANSWER_SECONDS, MANY_SLOW, MOST_TOGETHER, SLOW_SECONDS, TRY_SECONDS
from app.worker.connection import Connection
from app.worker.loop import Loop
from app.worker.plain import PlainRequest


class Relay(Loop):
    """A loop that answers by itself what the reader of a port takes."""

    # Whoever holds it runs the loop, and touches its connections.
    _baton: Lock
    _is_answering = _stands_in = False
    # By how many more answers of late were slow than were not; while those are the most, only some are tried.
    _slow = 0
    _alarm_set_at = 0.0
    #: Answers several at once, where that spares something; else they are answered one after the other.
    together: Together | None = None
    # Whether what this turn brings is answered at its end; and what is to be answered.
    _gathers = False
    _gathered: list[tuple[Connection, PlainRequest]]

    def keep_turning(self) -> None:
        """Stand in for the thread that runs the loop. Returns when told to stop, as the one who runs it."""
        # All that comes of it, as of any signal, is what Python writes into gunicorn's pipe.
        signal.signal(signal.SIGALRM, lambda *_: None)
        os.set_blocking(self.PIPE[0], True)
        self._baton, self._gathered = Lock(), []
        Thread(target=self._lead, name="loop", daemon=True).start()
        while self.alive:
            os.read(self.PIPE[0], 4096)
            # Whoever leads may have it for a moment, while some of several are sent, and nobody calls once more for the
            # rest. Nor is it waited for in one go: signals that another thread was given are heard between two tries.
            while self._is_answering and self.alive:
                if self._baton.acquire(timeout=LONG_ANSWER_SECONDS):
                    self._stand_in()
        self._baton.acquire()

    def _stand_in(self) -> None:
        self._stands_in = True
        while self._is_answering and self.alive:
            self.turn()
        self._stands_in = False
        self._baton.release()

    def _lead(self) -> None:
        try:
            with self._baton:
                while self.alive:
                    self._gathers = self.together is not None
                    self.turn()
        finally:
            self.alive = False
            os.write(self.PIPE[1], b"!")

    def answer_here(self, connection: Connection, data: bytes | bytearray) -> bool:
        """Answer what came, where that needs no thread of its own. Returns whether it is or will be so."""
        may_try = self._slow <= MANY_SLOW or time.monotonic() > self._alarm_set_at + TRY_SECONDS
        # Not in the middle of another answer, nor as the one who stands in.
        may_try = may_try and self.alive and not self._is_answering and not self._stands_in
        reader = connection.crowd.reader if may_try else None
        if reader is None or (plain := reader.read(connection, data)) is None:
            return False
        self.begin_answer(connection)
        connection.inbox.drop()
        self._gathered.append((connection, plain))
        if not self._gathers:
            self._answer_gathered()
        elif len(self._gathered) >= MOST_TOGETHER:
            self.answer_gathered()
            self._gathers = True
        return True

    def answer_gathered(self) -> None:
        self._gathers = False
        if self._gathered:
            self._answer_gathered()

    def _answer_gathered(self) -> None:
        gathered, self._gathered = self._gathered, []
        done: list[tuple[Connection, bool]] = []
        self._is_answering = True
        began = time.monotonic()
        if began > self._alarm_set_at + LONG_ANSWER_SECONDS:
            self._alarm_set_at = began
            signal.setitimer(signal.ITIMER_REAL, LONG_ANSWER_SECONDS * 2)
        self._baton.release()
        if self.together is None or len(gathered) == 1:
            done.extend((connection, self.handle(connection, plain)) for connection, plain in gathered)
        else:
            for _ in self.together([partial(self._answer_one_of, done, *one) for one in gathered]):
                self._hand_back(done)
        is_slow = time.monotonic() - began > SLOW_SECONDS * len(gathered)
        self._slow = min(self._slow + 1, MANY_SLOW + 2) if is_slow else max(self._slow - 1, 0)
        self._hand_back(done, is_last=True)

    def _answer_one_of(self, done: list[tuple[Connection, bool]], connection: Connection, plain: PlainRequest) -> None:
        done.append((connection, self.handle(connection, plain)))

    def _hand_back(self, done: list[tuple[Connection, bool]], *, is_last: bool = False) -> None:
        """Have sent what is done. After the last the baton is in this thread's hand again."""
        is_held = self._baton.acquire(blocking=False)
        if is_last and not is_held:
            # Before whoever stands in hears of these, and looks whether to go on.
            self._is_answering = False
        for connection, stays_open in done:
            if is_held:
                self.go_on_after(connection, stays_open)
            else:
                self.method_queue.defer(self.go_on_after, connection, stays_open)
        done.clear()
        if not is_last:
            if is_held:
                self._baton.release()
        elif is_held:
            self._is_answering = False
        else:
            self._baton.acquire()
            self.events_are_old = True
