"""How a worker ends: what was taken is answered, what is open is closed when the other side knows it, and soon.

Two things end a worker. Either the whole server stops: then it says that it is not ready, and still takes connections
for a moment, as whoever sends them may not have heard yet. Or another worker takes its place at the same port: then it
takes no more, and what waits there is the other's.
"""

import mmap
import queue
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from gunicorn.arbiter import Arbiter

from app.http import health
from app.worker.bounds import (
    HANDSHAKE_SECONDS,
    HURRIED_SECONDS,
    HURRIED_WINDOW,
    LAST_SECONDS,
    STOP_HEAD_SECONDS,
    STOP_WINDOW,
)
from app.worker.connection import Connection, Crowd, Stage
from app.worker.last_connections import refuse_new
from app.worker.relay import Relay

_TURN_SECONDS = 0.1
# Shared by the arbiter and its workers: whether it is the whole server that stops, and whether nobody else listens at
# its ports, as a server that follows after USR2 does, or systemd.
_flags = mmap.mmap(-1, 2)


def announce_stop(server: Arbiter) -> None:
    """See to it that workers know when it is the whole server that stops."""
    stop = server.stop

    def announced(graceful: bool = True) -> None:
        has_other = bool(server.reexec_pid or server.master_pid)
        _flags[0], _flags[1] = not has_other, not has_other and not server.systemd
        stop(graceful)

    server.stop = announced


class Stopping(Relay):
    """A worker that stops so that nothing is lost."""

    #: Its number among the workers, from 1; whoever comes after it has the same.
    place = 0
    #: Whether what was taken is answered, or the time for it is over.
    has_stopped = False
    _hurried_since: float | None = None

    def hear_early(self, server: Arbiter) -> None:
        """Hear the signals that come before gunicorn listens to them: until then they are put down for the arbiter."""
        signal.signal(signal.SIGTERM, self.handle_exit)
        signal.signal(signal.SIGQUIT, self.handle_quit)
        signal.signal(signal.SIGINT, self.handle_quit)
        with suppress(queue.Empty):
            while True:
                if server.SIG_QUEUE.get_nowait() in (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT):
                    self.alive = False

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM."""
        self.alive = False
        if _flags[0]:
            health.begin_stop()
        # The main thread hears of the signal by itself; the one that runs the loop does not. Before the first turn there is none.
        if self.method_queue.fileno() is not None:
            self.method_queue.defer(lambda: None)

    def handle_quit(self, sig: int, frame: Any) -> None:
        """SIGQUIT and SIGINT: as SIGTERM, and somebody waits for it. Ctrl-C comes twice."""
        if self._hurried_since is None:
            self._hurried_since = time.monotonic()
        self.handle_exit(sig, frame)

    def stop(self) -> None:
        """End what is going on. Returns when all of it is answered, or the time for it is over."""
        began, grace = time.monotonic(), float(self.cfg.graceful_timeout)
        # What was noted is written down afterwards, and then gunicorn's patience is over.
        end = began + grace - min(2.0, grace / 3)
        ports = self.crowds
        is_orphan = not self.is_parent_alive()
        if _flags[0] or is_orphan:
            health.begin_stop()
        if not _flags[1] and not is_orphan:
            self._leave(ports)
        self._turn_until(began + min(grace * STOP_WINDOW, end - began), HURRIED_WINDOW)
        self._take_last(ports[:1], end)
        self._end_idle()
        heads_until = time.monotonic() + STOP_HEAD_SECONDS
        self._turn_until(end, HURRIED_SECONDS, lambda: not self._is_busy(heads_until))
        self._take_last(ports[1:], end)
        self._end_idle()
        self._turn_until(time.monotonic() + LAST_SECONDS, HURRIED_SECONDS, lambda: not self._at(*Stage))
        self.has_stopped = True

    def _turn_until(self, limit: float, hurried: float, is_done: Callable[[], bool] = lambda: False) -> None:
        while not is_done():
            if self._hurried_since is not None:
                limit = min(limit, self._hurried_since + hurried)
            left = limit - time.monotonic()
            if left <= 0:
                return
            self.turn(min(left, _TURN_SECONDS))

    def _take_last(self, ports: list[tuple[Crowd, list[Any]]], end: float) -> None:
        """Take what waits at our ports, and then no more."""
        listeners = [(crowd, listener) for crowd, of_crowd in ports for listener in of_crowd]
        if not listeners:
            return
        for _, listener in listeners:
            if _flags[1]:
                refuse_new(listener)
        self._turn_until(min(end, time.monotonic() + HANDSHAKE_SECONDS), HURRIED_SECONDS)
        for crowd, listener in listeners:
            while self.take(crowd, listener):
                pass
        self._leave(ports)

    def _leave(self, ports: list[tuple[Crowd, list[Any]]]) -> None:
        """Take no more. What waits there is for others, who hold the ports too."""
        for _, listeners in ports:
            for listener in listeners:
                self.poller.unregister(listener)
                listener.close()
            listeners.clear()

    def _end_idle(self) -> None:
        """Close what is open between two requests, unless one has just come."""
        for connection in self._at(Stage.IDLE):
            self.see_to(connection)
            if connection.stage is Stage.IDLE:
                self.end(connection)

    def _is_busy(self, heads_until: float) -> bool:
        if self._at(Stage.ANSWERING, Stage.SENDING, Stage.BODY):
            return True
        return bool(self._at(Stage.HEAD)) and time.monotonic() < heads_until

    def _at(self, *stages: Stage) -> list[Connection]:
        return [connection for crowd, _ in self.crowds for connection in crowd.at(*stages)]
