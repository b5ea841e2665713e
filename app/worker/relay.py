"""Two threads that run a worker's loop by turns, so that one of them can answer by itself.

To hand a request to a thread of the pool, and to hear from it, costs as much as the answer to what programs ask. So the
thread that runs the loop answers that itself. Where an answer takes longer than a moment, because a database is locked
or silent, the main thread runs the loop meanwhile, and leaves everything to the pool. And where most take long, as with
a database that is far away, they are the pool's too: there they can wait side by side.
"""

import os
import signal
import time
from threading import Lock, Thread

from app.worker.bounds import LONG_ANSWER_SECONDS, MANY_SLOW, SLOW_SECONDS, TRY_SECONDS
from app.worker.connection import Connection
from app.worker.loop import Loop


class Relay(Loop):
    """A loop that answers by itself what the reader of a port takes."""

    # Whoever holds it runs the loop, and touches its connections.
    _baton: Lock
    _is_answering = False
    # By how many more answers of late were slow than were not; while those are the most, only some are tried.
    _slow = 0
    _alarm_set_at = 0.0

    def keep_turning(self) -> None:
        """Stand in for the thread that runs the loop. Returns when told to stop, as the one who runs it."""
        # All that comes of it, as of any signal, is what Python writes into gunicorn's pipe.
        signal.signal(signal.SIGALRM, lambda *_: None)
        os.set_blocking(self.PIPE[0], True)
        self._baton = Lock()
        Thread(target=self._lead, name="loop", daemon=True).start()
        while self.alive:
            os.read(self.PIPE[0], 4096)
            if self._is_answering and self._baton.acquire(blocking=False):
                while self._is_answering and self.alive:
                    self.turn()
                self._baton.release()
        self._baton.acquire()

    def _lead(self) -> None:
        try:
            with self._baton:
                while self.alive:
                    self.turn()
        finally:
            self.alive = False
            os.write(self.PIPE[1], b"!")

    def answer_here(self, connection: Connection, data: bytes | bytearray) -> bool:
        """Answer what came, where that needs no thread of its own. Returns whether it was so."""
        began = time.monotonic()
        may_try = self._slow <= MANY_SLOW or began > self._alarm_set_at + TRY_SECONDS
        # Not in the middle of another answer, nor as the one who stands in.
        reader = connection.crowd.reader if may_try and self.alive and not self._is_answering else None
        if reader is None or (plain := reader.read(connection, data)) is None:
            return False
        self.begin_answer(connection)
        connection.inbox.drop()
        self._is_answering = True
        if began > self._alarm_set_at + LONG_ANSWER_SECONDS:
            self._alarm_set_at = began
            signal.setitimer(signal.ITIMER_REAL, LONG_ANSWER_SECONDS * 2)
        self._baton.release()
        stays_open = self.handle(connection, plain)
        is_slow = time.monotonic() - began > SLOW_SECONDS
        self._slow = min(self._slow + 1, MANY_SLOW + 2) if is_slow else max(self._slow - 1, 0)
        if self._baton.acquire(blocking=False):
            self.go_on_after(connection, stays_open)
            self._is_answering = False
        else:
            self._is_answering = False
            self.method_queue.defer(self.go_on_after, connection, stays_open)
            self._baton.acquire()
            self.events_are_old = True
        return True
