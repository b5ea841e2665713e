"""What goes out on a connection. No thread waits for whoever reads slowly: what is not taken at once, the loop sends.

What is too much for memory waits on disk. Only where there is no room either, a thread waits.

gunicorn takes it for the socket.
"""

import logging
import select
import time
from collections import deque
from socket import SHUT_RDWR, socket
from typing import Any

from app.worker.bounds import ANSWER_IN_MEMORY, ANSWER_ON_DISK, allowed_seconds
from app.worker.room import Room, Waiting

_log = logging.getLogger(__name__)

_HEAD = b"HTTP/1."
_PIECE = 64 * 1024
# Of one answer that lies on disk, before others have their turn: whoever reads fast would keep them waiting for all of it.
_AT_ONCE = 16 * _PIECE


class Outbox:
    """Written by one thread at a time: the one that answers, and between two answers the loop."""

    def __init__(self, connection: socket, wsgi: Any, room: Room) -> None:
        self._connection = connection
        #: What answers at the port where the connection came in.
        self.wsgi = wsgi
        self._room = room
        self._pieces: deque[bytes | memoryview] = deque()
        self._size = 0
        # What comes after the pieces.
        self._waiting: Waiting | None = None
        self._sent = 0
        #: Whether nothing more will be said, as something went wrong in the middle.
        self.is_broken = False

    def sendall(self, data: bytes) -> None:
        """Send, and keep what is not taken. Raises ``OSError`` when nobody reads it."""
        if self._waiting is not None:
            self._send_after(self._waiting, data)
            return
        is_first = not self._pieces
        self._pieces.append(data)
        self._size += len(data)
        # The head of an answer waits for the rest, so that both go in one packet.
        if is_first and data.startswith(_HEAD):
            return
        self.flush()
        if self._size > ANSWER_IN_MEMORY:
            self._put_on_disk()

    def flush(self) -> bool:
        """Send what is taken at once. Returns whether that is all. Raises ``OSError`` when nobody reads it."""
        before = self._sent
        while self._pieces or (self._waiting is not None and self._take_up(self._waiting)):
            if len(self._pieces) > 1 and self._size <= ANSWER_IN_MEMORY:
                data: bytes | memoryview = b"".join(self._pieces)
                self._pieces.clear()
            else:
                data = self._pieces.popleft()
            try:
                taken = self._connection.send(data)
            except BlockingIOError:
                taken = 0
            self._sent += taken
            self._size -= taken
            if taken < len(data):
                self._pieces.appendleft(memoryview(data)[taken:])
                return False
            if self._waiting is not None and self._sent - before >= _AT_ONCE:
                return False
        return True

    @property
    def sent(self) -> int:
        """Bytes that went out so far."""
        return self._sent

    def drop(self) -> None:
        """Send no more."""
        self._pieces.clear()
        self._size = 0
        self.is_broken = True
        if self._waiting is not None:
            self._waiting.close()
            self._waiting = None

    def _put_on_disk(self) -> None:
        waiting = None
        try:
            waiting = Waiting(self._room, ANSWER_ON_DISK)
            waiting.put(b"".join(self._pieces))
        except OSError:
            if waiting is not None:
                waiting.close()
            if not self._wait():
                raise _cut_off() from None
            return
        self._waiting, self._size = waiting, 0
        self._pieces.clear()

    def _send_after(self, waiting: Waiting, data: bytes) -> None:
        try:
            waiting.put(data)
        except OSError:
            if self._wait():
                self.sendall(data)
                return
            try:
                # It has had its share, and takes more before it is cut off.
                waiting.put(data, beyond=True)
            except OSError:
                raise _cut_off() from None
        self.flush()

    def _take_up(self, waiting: Waiting) -> bool:
        """Take what is next from the disk. Returns whether there was something."""
        if data := waiting.take(_PIECE):
            self._pieces.append(data)
            self._size += len(data)
            return True
        waiting.close()
        self._waiting = None
        return False

    def _wait(self) -> bool:
        """An answer larger than its room: from here on its thread goes at the pace of whoever reads it.

        Returns whether it could: not where too many threads do so already. Raises ``TimeoutError`` where that is too slow.
        """
        if not self._room.waiting.acquire(blocking=False):
            return False
        try:
            self._wait_here()
        finally:
            self._room.waiting.release()
        return True

    def _wait_here(self) -> None:
        began, before = time.monotonic(), self._sent
        poll = select.poll()
        poll.register(self._connection, select.POLLOUT)
        while self._waiting is not None or self._size > ANSWER_IN_MEMORY // 2:
            left = began + allowed_seconds(self._sent - before) - time.monotonic()
            if left <= 0:
                raise TimeoutError("The answer is read too slowly.")
            poll.poll(left * 1000)
            self.flush()

    # -- what else gunicorn and our app ask of a socket ------------------------------------------

    def send(self, data: bytes) -> int:
        """As :meth:`sendall`."""
        self.sendall(data)
        return len(data)

    def shutdown(self, _how: int = SHUT_RDWR) -> None:
        """Something went wrong when half was said: the connection ends after it."""
        self.is_broken = True

    def close(self) -> None:
        """As :meth:`shutdown`; the loop closes it."""
        self.is_broken = True

    def recv(self, _size: int) -> bytes:
        """Nothing: what comes in, the loop reads."""
        return b""

    def gettimeout(self) -> float | None:
        """None: nothing here waits."""
        return None

    def settimeout(self, _seconds: float | None) -> None:
        """Changes nothing, as nothing here waits."""

    def setblocking(self, _flag: bool) -> None:
        """Changes nothing, as nothing here waits."""

    def fileno(self) -> int:
        """Returns the connection's number."""
        return self._connection.fileno()

    def getsockname(self) -> object:
        """Returns our own address."""
        return self._connection.getsockname()


def _cut_off() -> TimeoutError:
    """Log that somebody does not get the whole of an answer. Returns what is to be raised."""
    _log.warning("A large answer was cut off: too many are read slowly, and the room on disk for them is taken.")
    return TimeoutError("Too many answers are read slowly.")
