"""One span of time for all that a fetch does: each wait gets what is left of it."""

from time import monotonic

from app.fetch.errors import FetchFailed, Why


class Deadline:
    """Ends so many seconds after it was made."""

    def __init__(self, seconds: float) -> None:
        self._ends = monotonic() + seconds

    def left(self) -> float:
        """Returns the seconds that are left, more than none. Raises :class:`FetchFailed` when it is over."""
        seconds = self._ends - monotonic()
        if seconds <= 0:
            raise FetchFailed(Why.TIMEOUT)
        return seconds
