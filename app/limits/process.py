"""Counters in the memory of one process: for what is counted there alone, and while the shared store is away."""

import threading

from limits.storage import Storage

from app import clock

#: So many counters are kept at most, about 300 bytes each. The oldest go first.
MOST_COUNTERS = 20_000
#: A window that ends further away than so many of its length was begun by a clock that has been put back since: it is over.
#: Of two machines one may be a little ahead of the other.
WINDOWS_AHEAD = 2


class ProcessStorage(Storage):
    """A store of the ``limits`` library.

    Not the library's own: that one starts a thread with every count, and keeps as many counters as come.
    """

    def __init__(self) -> None:
        super().__init__()
        #: key -> [count, end of its window]; the oldest window stands first.
        self._counters: dict[str, list[float]] = {}
        self._lock = threading.Lock()

    @property
    def base_exceptions(self) -> type[Exception]:
        return Exception

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        at = clock.now().timestamp()
        with self._lock:
            found = self._counters.get(key)
            if found is None or found[1] <= at or found[1] > at + WINDOWS_AHEAD * expiry:
                self._counters.pop(key, None)
                self._make_room(at)
                found = self._counters[key] = [0, at + expiry]
            found[0] = max(0, found[0] + amount)
            return int(found[0])

    def get(self, key: str) -> int:
        found = self._find(key)
        return 0 if found is None else int(found[0])

    def get_expiry(self, key: str) -> float:
        found = self._find(key)
        return clock.now().timestamp() if found is None else found[1]

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        with self._lock:
            count = len(self._counters)
            self._counters.clear()
            return count

    def clear(self, key: str) -> None:
        with self._lock:
            self._counters.pop(key, None)

    def _find(self, key: str) -> list[float] | None:
        found = self._counters.get(key)
        return None if found is None or found[1] <= clock.now().timestamp() else found

    def _make_room(self, at: float) -> None:
        if len(self._counters) < MOST_COUNTERS:
            return
        for key in [key for key, (_count, end) in self._counters.items() if end <= at]:
            del self._counters[key]
        # At least a tenth at once, so that this is not done again for the next that comes.
        for key in list(self._counters)[: max(0, len(self._counters) - MOST_COUNTERS * 9 // 10)]:
            del self._counters[key]
