"""Looking names up within a deadline: the operating system's way has none, so each lookup has a thread of its own."""

import socket
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

from app.fetch.deadline import Deadline
from app.fetch.errors import FetchBusy, FetchFailed, Why

#: So many may be under way in one process, with those that nobody waits for any more. Names whose servers never answer
#: take half a minute to fail; with room for only as many as there are fetches, few of them would keep everybody waiting.
MOST_AT_ONCE = 16
_NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


class Lookups:
    """The lookups of one process."""

    def __init__(self) -> None:
        self._room = threading.BoundedSemaphore(MOST_AT_ONCE)

    def resolve(self, resolve: Callable[[str], list[str]], host: str, deadline: Deadline) -> list[str]:
        """Returns the addresses that ``resolve`` finds. Raises :class:`FetchFailed`."""
        if not self._room.acquire(blocking=False):
            raise FetchBusy(host)
        found: SimpleQueue[list[str] | Exception] = SimpleQueue()

        def look() -> None:
            try:
                found.put(resolve(host))
            except Exception as error:
                found.put(error)
            finally:
                self._room.release()

        try:
            threading.Thread(target=look, name="fetch-lookup", daemon=True).start()
        except RuntimeError:
            self._room.release()
            raise FetchBusy(host) from None
        try:
            result = found.get(timeout=deadline.left())
        except Empty:
            raise FetchFailed(Why.TIMEOUT, host, "while its name was looked up") from None
        if isinstance(result, Exception):
            raise _failure_of(result, host)
        return result


def _failure_of(error: Exception, host: str) -> FetchFailed:
    if isinstance(error, socket.gaierror) and error.errno in _NO_SUCH_NAME:
        return FetchFailed(Why.UNKNOWN_HOST, host)
    return FetchFailed(Why.LOOKUP_FAILED, host, type(error).__name__)
