"""One span of time for all that a fetch does: each wait gets what is left of it."""

from time import monotonic

from app.fetch.errors import FetchFailed, Why


class Deadline:
    """Ends so many seconds after it was made."""

    def __init__(self, seconds: float) -> None:
        self._ends = monotonic() + seconds

    def left(self) -> float:
        """Returns the seconds that are left, more than none. Raises :class:`FetchFailed` when it is over."""
        seconds = self.seconds_left
        if not seconds:
            raise FetchFailed(Why.TIMEOUT)
        return seconds

    @property
    def seconds_left(self) -> float:
        """The seconds that are left; 0 when it is over."""
        return max(0.0, self._ends - monotonic())
