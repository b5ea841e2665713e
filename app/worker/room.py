"""Room on disk for what does not fit into memory: bodies that come, and answers that somebody reads slowly."""

import os
from collections.abc import Callable
from tempfile import TemporaryFile
from threading import BoundedSemaphore, Lock

from app.worker.bounds import BODIES_ON_DISK, MOST_WAITING


class Room:
    """How many bytes lie on disk, of all connections of this process."""

    def __init__(self, most: int = BODIES_ON_DISK, waiting: int = MOST_WAITING) -> None:
        self._most = most
        self._lock = Lock()
        self.taken = 0
        #: Makes some, where there is none, for whoever asks. Returns whether it could.
        self.spare: Callable[[object], bool] = lambda asker: False
        #: The threads that may wait for somebody to read, where there is no room.
        self.waiting = BoundedSemaphore(waiting)

    def take(self, count: int, asker: object = None) -> bool:
        """Returns whether there was room for so many bytes more, or could be made. Then they are taken."""
        while not self._take(count):
            if not self.spare(asker):
                return False
        return True

    def _take(self, count: int) -> bool:
        with self._lock:
            if self.taken + count > self._most:
                return False
            self.taken += count
            return True

    def give_back(self, count: int) -> None:
        """Let others have the room."""
        with self._lock:
            self.taken -= count


class Waiting:
    """Bytes on disk that go out in the order in which they came."""

    def __init__(self, room: Room, most: int) -> None:
        """Raises ``OSError``."""
        self._room, self._most = room, most
        self._file = TemporaryFile(buffering=0)  # noqa: SIM115, it is closed by close()
        self._written = self._taken = 0

    def put(self, data: bytes | memoryview, *, beyond: bool = False) -> None:
        """Keep this too, if need be ``beyond`` its share. Raises ``OSError`` where there is no room; then nothing of it is kept."""
        is_too_much = self._written + len(data) > self._most and not beyond
        if is_too_much or not self._room.take(len(data)):
            raise OSError("There is no room for another answer.")
        at, left = self._written, memoryview(data)
        try:
            while left:
                count = os.pwrite(self._file.fileno(), left, at)
                at, left = at + count, left[count:]
        except OSError:
            self._room.give_back(len(data))
            raise
        self._written = at

    def take(self, most: int) -> bytes:
        """Returns what is next of it; nothing where that was all. Raises ``OSError``."""
        data = os.pread(self._file.fileno(), min(most, self._written - self._taken), self._taken)
        self._taken += len(data)
        return data

    def close(self) -> None:
        """Give back the room."""
        self._file.close()
        self._room.give_back(self._written)
        self._written = self._taken = 0
