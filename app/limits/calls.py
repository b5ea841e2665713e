"""How often one token calls the API: counted in each process for itself, because every call pays for it."""

import threading
from math import ceil
from time import monotonic

from app import metrics

#: What metrics call it.
API_CALLS = "api/calls"

_SECONDS = 60
#: So many tokens are counted at most in one minute, about 100 bytes each. Then all begin anew.
MOST_TOKENS = 50_000


class Calls:
    """The calls of the present minute. All tokens have the same minute, so that at its end everything is forgotten."""

    def __init__(self, most: int) -> None:
        """``most`` calls a minute are let through with each token; 0 is for no limit."""
        self.most = most
        self._counts: dict[int, int] = {}
        self._ends = 0.0
        self._lock = threading.Lock()

    def take(self, token: str) -> int:
        """Count a call with this token. Returns 0, or the seconds until the next one is let through."""
        if not self.most:
            return 0
        # Eight bytes instead of the token: what is kept here is no credential.
        key, at = hash(token), monotonic()
        with self._lock:
            if at >= self._ends or len(self._counts) >= MOST_TOKENS:
                self._counts = {}
                self._ends = at + _SECONDS if at >= self._ends else self._ends
            count = self._counts[key] = self._counts.get(key, 0) + 1
        if count <= self.most:
            return 0
        metrics.LIMITS_HIT.inc(API_CALLS)
        return ceil(self._ends - at)

    def forget(self) -> None:
        """Begin anew."""
        with self._lock:
            self._counts, self._ends = {}, 0.0
