"""What one app remembers of a moment ago, and never much of it."""

import threading
from datetime import datetime
from typing import Any

from app import clock


class Recent:
    """Things by their keys, each until a point in time of its own: ``most`` at a time, the oldest goes for a further one.

    Looking takes no lock.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._known: dict[Any, tuple[Any, datetime]] = {}

    def find(self, key: Any) -> Any:
        """Returns what is remembered under a key; None when nothing is, or its time is over."""
        known = self._known.get(key)
        return None if known is None or clock.now() >= known[1] else known[0]

    def remember(self, key: Any, thing: Any, until: datetime) -> None:
        """Remember a thing in place of what was remembered under its key."""
        with self._lock:
            self._known.pop(key, None)
            if len(self._known) >= self._most:
                del self._known[next(iter(self._known))]
            self._known[key] = thing, until

    def forget(self, key: Any) -> None:
        """Remember nothing under a key."""
        with self._lock:
            self._known.pop(key, None)

    def __len__(self) -> int:
        return len(self._known)
