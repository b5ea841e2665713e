"""Two threads that run a worker's loop by turns, so that one of them can answer by itself.

To hand a request to a thread of the pool, and to hear from it, costs as much as the answer to what programs ask. So the
thread that runs the loop answers that itself. Where it waits for longer than a moment, because a database is locked or
silent, the main thread runs the loop meanwhile, and leaves everything to the pool. And where most answers take long, as
with a database that is far away, they are the pool's too: there they can wait side by side.
"""

import os
import select
import time
from contextlib import suppress
from threading import Lock, Thread
from typing import Any

from app.worker.bounds import LOOK_SECONDS, LOOKS, MANY_SLOW, SLOW_SECONDS
from app.worker.connection import Connection, Stage
from app.worker.loop import TURN_SECONDS, Loop


class Relay(Loop):
    """A loop that answers by itself what the reader of a port takes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Whoever holds it runs the loop, and touches its connections.
        self._baton = Lock()
        self._is_looked_after = False
        # Answers that the loop has begun by itself, and whether it is at the last of them.
        self._begun = 0
        self._is_answering = False
        # By how many more of late were slow than were not; while those are the most, only some are tried.
        self._slow = 0
        self._asked = 0
        self._failure: BaseException | None = None

    def wake(self) -> None:
        """Let whoever waits look up. May be called in a signal's handler."""
        # Before the first turn there is nothing to wake.
        if self.method_queue.fileno() is not None:
            self.method_queue.defer(lambda: None)
        if self.PIPE:
            self._raise_alarm()

    def keep_turning(self) -> None:
        """Look after the thread that runs the loop, until told to stop; from then on whoever called runs it.

        Raises what that thread failed with.
        """
        Thread(target=self._lead, name="loop", daemon=True).start()
        seen, looks = 0, 0
        while self.alive:
            is_quiet = seen == self._begun and not self._is_answering
            seen, looks = self._begun, looks + 1 if is_quiet else 0
            self._is_looked_after = looks < LOOKS
            # What has begun while nobody said that it is looked after has raised no alarm.
            if self._is_looked_after or self._is_answering or seen != self._begun:
                if not self._hears_alarm(LOOK_SECONDS) and self._is_answering and seen == self._begun:
                    self._stand_in()
            else:
                self._hears_alarm(None)
        self._baton.acquire()
        if self._failure is not None:
            raise self._failure

    def answer_here(self, connection: Connection, data: bytes | bytearray) -> bool:
        """Answer what came, where that needs no thread of its own. Returns whether it was so."""
        # Also not in the middle of another answer, nor as the one who stands in.
        if (reader := connection.crowd.reader) is None or self._is_answering or not self.alive:
            return False
        self._asked += 1
        if self._slow > MANY_SLOW and self._asked % MANY_SLOW:
            return False
        if (plain := reader.read(connection, data)) is None:
            return False
        connection.enter(Stage.ANSWERING)
        connection.count += 1
        connection.inbox.drop()
        self._begun += 1
        self._is_answering = True
        if not self._is_looked_after:
            self._is_looked_after = True
            self._raise_alarm()
        self._baton.release()
        failure: BaseException | None = None
        stays_open, began = False, time.monotonic()
        try:
            stays_open = self.handle(connection, plain)
        except BaseException as error:
            failure = error
        if time.monotonic() - began > SLOW_SECONDS:
            self._slow = min(self._slow + 1, MANY_SLOW + 2)
        elif self._slow:
            self._slow -= 1
        if self._baton.acquire(blocking=False):
            self.go_on_after(connection, stays_open, failure)
            self._is_answering = False
            return True
        self._is_answering = False
        self.method_queue.defer(self.go_on_after, connection, stays_open, failure)
        self._baton.acquire()
        self.events_are_old = True
        return True

    def _lead(self) -> None:
        with self._baton:
            try:
                while self.alive:
                    self._take_turn()
            except BaseException as error:
                self._failure = error
            finally:
                self.alive = False
                self._raise_alarm()

    def _stand_in(self) -> None:
        if not self._baton.acquire(blocking=False):
            return
        try:
            while self._is_answering and self.alive:
                self._take_turn()
        finally:
            self._baton.release()

    def _take_turn(self) -> None:
        self.turn(TURN_SECONDS)
        self.alive = self.alive and self.is_parent_alive()

    def _raise_alarm(self) -> None:
        # gunicorn's pipe, into which Python writes when a signal comes, also where the main thread waits.
        with suppress(BlockingIOError):
            os.write(self.PIPE[1], b"!")

    def _hears_alarm(self, seconds: float | None) -> bool:
        """Wait for an alarm, or a signal. Returns whether there was one."""
        poll = select.poll()
        poll.register(self.PIPE[0], select.POLLIN)
        heard = bool(poll.poll(None if seconds is None else seconds * 1000))
        if heard:
            os.read(self.PIPE[0], 4096)
        return heard
