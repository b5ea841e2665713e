"""The loop of a worker: it takes connections, and gives a request to a thread when it is whole.

gunicorn's threads read their requests themselves, so that a few that come slowly, or never, keep everybody waiting.
"""

import errno
import time
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE
from socket import SHUT_WR
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from app.worker.connection import Connection, Crowd, Stage
from app.worker.inbox import End, Inbox
from app.worker.room import Room

_PIECE, _TURN_SECONDS = 64 * 1024, 0.5
_LEAVE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Loop(ThreadWorker):
    """What is in the main thread of a worker. Nothing here waits for a single connection."""

    #: Whether it goes on.
    alive: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._room = Room()
        self._looked_at_clock = 0.0
        #: Whether another thread has run the loop since the poller was asked.
        self.events_are_old = False

    def make_crowds(self) -> list[tuple[Crowd, list[Any]]]:
        """Returns the ports: whose connections they are, and the listeners of each."""
        return [(Crowd(self.tpool, self.worker_connections, self.wsgi), self.sockets)]

    def run(self) -> None:
        """Until told to stop."""
        self.crowds = self.make_crowds()
        self.poller.register(self.method_queue.fileno(), EVENT_READ, self.method_queue.run_callbacks)
        for crowd, listeners in self.crowds:
            for listener in listeners:
                listener.setblocking(False)
                self.poller.register(listener, EVENT_READ, partial(self.take, crowd))
        self.keep_turning()
        self.stop()
        for crowd, listeners in self.crowds:
            for connection in crowd.at(*Stage):
                self.close(connection)
            for listener in listeners:
                listener.close()
        self.tpool.shutdown(wait=False)
        self.poller.close()

    def keep_turning(self) -> None:
        """See to what comes until told to stop."""

    def stop(self) -> None:
        """What is done before the end."""

    def turn(self, seconds: float = _TURN_SECONDS) -> None:
        """See to everything that is to be done, or wait for it so long."""
        self.events_are_old = False
        for key, _ in self.poller.select(seconds):
            if type(key.data) is Connection:
                self.see_to(key.data)
            else:
                key.data(key.fileobj)
            if self.events_are_old:
                break
        self.answer_gathered()
        if (now := time.monotonic()) - self._looked_at_clock >= _TURN_SECONDS:
            self._looked_at_clock = now
            self.notify()
            if self.alive and not self.is_parent_alive():
                self.alive = False
            for crowd, _ in self.crowds:
                for connection in crowd.at(*Stage):
                    if connection.deadline(self.cfg.keepalive) <= now:
                        self.end_wait(connection)

    def take(self, crowd: Crowd, listener: Any) -> bool:
        """Take one connection, if there is one. When there are too many, the one that can best be spared goes."""
        try:
            raw, client = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._spare_one(crowd)
            return False
        raw.setblocking(False)
        if crowd.count >= crowd.most:
            self._spare_one(crowd)
        connection = Connection(raw, client, listener.getsockname(), crowd, self._room)
        connection.enter(Stage.HEAD)
        self.see_to(connection)
        return True

    def read(self, connection: Connection) -> None:
        """Read what is there; a whole request goes to a thread."""
        try:
            piece = connection.raw.recv(_PIECE)
        except BlockingIOError:
            connection.watch(self.poller, EVENT_READ)
            return
        if piece:
            # A head alone is of a question, or waits for its form.
            may_be_whole = not connection.inbox.size and not (piece.startswith(b"POST") and piece.endswith(b"\r\n\r\n"))
            if may_be_whole and self.answer_here(connection, piece):
                return
            connection.inbox.feed(piece)
        elif not connection.inbox.size:
            self.close(connection)
            return
        else:
            connection.inbox.give_up(End.HUNG_UP)
        self._go_on(connection)

    def go_on_after(self, connection: Connection, stays_open: bool) -> None:
        """Send what was answered; then comes the next request, or the end."""
        try:
            connection.stays_open = stays_open and not connection.sock.is_broken
            self._send(connection)
        except Exception as error:
            self._close_after(connection, error)
        if connection.stage is None:
            # It was closed while a thread was at it.
            connection.give_back()

    def answer_here(self, connection: Connection, data: bytes | bytearray) -> bool:
        """Answer what came in this thread, if that is soon done. Returns whether it was so."""
        return False

    def answer_gathered(self) -> None:
        """Answer what this turn has brought and is not answered yet."""

    def end(self, connection: Connection) -> None:
        """Say that nothing more will be said. It is closed when the other side has understood."""
        try:
            connection.raw.shutdown(SHUT_WR)
        except OSError:
            self.close(connection)
            return
        connection.enter(Stage.LINGERING)
        self._drain(connection)

    def close(self, connection: Connection) -> None:
        """Close it, whatever it is at."""
        if connection.stage is None:
            return
        connection.watch(self.poller, 0)
        # The thread that answers is at it.
        if connection.stage is not Stage.ANSWERING:
            connection.give_back()
        connection.enter(None)
        connection.raw.close()

    def see_to(self, connection: Connection) -> None:
        """Something came, or can go."""
        try:
            match connection.stage:
                case Stage.HEAD | Stage.BODY | Stage.IDLE:
                    self.read(connection)
                case Stage.SENDING:
                    self._send(connection)
                case Stage.LINGERING:
                    self._drain(connection)
                case Stage.ANSWERING:
                    # The next request is already there, or the other side is gone. It keeps.
                    connection.watch(self.poller, 0)
        except Exception as error:
            self._close_after(connection, error)

    def _go_on(self, connection: Connection) -> None:
        inbox = connection.inbox
        if inbox.end is not None:
            if inbox.end is not End.WHOLE or not self.answer_here(connection, inbox.in_memory):
                self._answer(connection)
            return
        if inbox.awaits_leave:
            inbox.awaits_leave = False
            connection.raw.send(_LEAVE)
        stage = Stage.BODY if inbox.has_head else Stage.HEAD
        if connection.stage is not stage:
            connection.enter(stage)
        connection.watch(self.poller, EVENT_READ)

    def begin_answer(self, connection: Connection) -> None:
        """From here on whoever answers reads what came."""
        connection.enter(Stage.ANSWERING)
        connection.count += 1

    def _answer(self, connection: Connection) -> None:
        self.begin_answer(connection)
        connection.inbox.rewind()
        future = connection.crowd.pool.submit(self.handle, connection)
        future.add_done_callback(lambda done: self.method_queue.defer(self.go_on_after, connection, done.result()))

    def _send(self, connection: Connection) -> None:
        if connection.stage is None:
            return
        if not connection.sock.flush():
            if connection.stage is not Stage.SENDING:
                connection.inbox.settle(goes_on=connection.stays_open)
                connection.enter(Stage.SENDING)
            connection.watch(self.poller, EVENT_WRITE)
            return
        if not connection.stays_open:
            connection.inbox.settle(goes_on=False)
            self.end(connection)
            return
        rest = connection.inbox.take_rest() if connection.inbox.end else b""
        if connection.inbox.end:
            connection.inbox.close()
            connection.inbox = Inbox(self._room)
        connection.enter(Stage.IDLE)
        if rest:
            connection.inbox.feed(rest)
            self._go_on(connection)
        else:
            connection.watch(self.poller, EVENT_READ)

    def _drain(self, connection: Connection) -> None:
        try:
            piece = connection.raw.recv(_PIECE)
        except BlockingIOError:
            connection.watch(self.poller, EVENT_READ)
            return
        except OSError:
            piece = b""
        if not piece:
            self.close(connection)
            return
        connection.last_heard = time.monotonic()
        connection.watch(self.poller, EVENT_READ)

    def end_wait(self, connection: Connection, why: End = End.LATE) -> None:
        """It took longer than it may, or more room than there is."""
        try:
            if connection.stage is Stage.IDLE:
                self.end(connection)
            elif connection.stage in (Stage.HEAD, Stage.BODY) and connection.inbox.size:
                connection.inbox.give_up(why)
                self._answer(connection)
            else:
                self.close(connection)
        except Exception as error:
            self._close_after(connection, error)

    def _spare_one(self, crowd: Crowd) -> None:
        if (spared := crowd.find_dispensable()) is not None:
            self.close(spared)

    def _close_after(self, connection: Connection, error: BaseException) -> None:
        # Most often the other side is gone, which is its right.
        if not isinstance(error, OSError):
            self.log.error("A connection failed", exc_info=error)
        self.close(connection)
