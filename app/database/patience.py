"""For how long a request waits for the database in all. What is no request, such as a command, waits as long as it takes."""

from collections.abc import Sequence
from contextvars import ContextVar

from app import metrics

#: Seconds that a request may wait for the database in all; its answer is to come within three.
REQUEST_SECONDS = 2.4
#: Seconds that work may take of which a person or an app knows that it is much.
LONG_WORK_SECONDS = 20.0
#: A statement that takes no longer costs no patience: many small ones are work, and no sign that the database is away.
FREE_SECONDS = 0.02
#: Characters that are kept as soon as anything is; each text counts for some, however short it is.
_SOON_KEPT, _EACH_TEXT = 20_000, 1_000


class Patience:
    """What is left of the time that somebody may wait for the database."""

    __slots__ = ("left",)

    def __init__(self, seconds: float) -> None:
        self.left = seconds

    def spend(self, seconds: float, waited_for: str = "statement") -> None:
        """Count a wait."""
        if seconds > FREE_SECONDS:
            metrics.DATABASE_WAIT.observe(seconds, waited_for)
            self.left -= seconds


_patience: ContextVar[Patience | None] = ContextVar("patience", default=None)


def set_patience(seconds: float | None) -> None:
    """Say how long this context may wait from now on; None for as long as it takes."""
    _patience.set(None if seconds is None else Patience(seconds))


def find_patience() -> Patience | None:
    """Returns what this context has left, or None where it waits as long as it takes."""
    return _patience.get()


def take_time() -> None:
    """Say that this request does much from here on, such as keeping a thousand texts: it may wait for that."""
    patience = _patience.get()
    if patience is not None:
        patience.left = max(patience.left, LONG_WORK_SECONDS)


def take_time_for(texts: Sequence[str]) -> None:
    """Say that these are about to be kept, which is much work where they are many or long."""
    if sum(map(len, texts)) + _EACH_TEXT * len(texts) > _SOON_KEPT:
        take_time()
