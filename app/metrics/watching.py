"""What a worker tells although nobody asks it: a scrape reaches one worker only, and wants to know what is so in all."""

import fcntl
import logging
import os
import threading
from collections.abc import Callable, Sequence

from app.metrics import kinds
from app.metrics.sharing import Place

#: Seconds between two looks at this process, and at what all processes share.
INTERVAL, SHARED_INTERVAL = 2.0, 30.0

_log = logging.getLogger(__name__)


def watch(shared: Sequence[Callable[[], None]]) -> None:
    """Tell from now on, by a thread of its own, what is so in this process; for a worker, after it was forked.

    Each of ``shared`` looks at something that is the same for all workers, such as the database: one of them does it.
    """
    if Place.folder is not None:
        threading.Thread(target=_run, args=(shared,), name="metrics", daemon=True).start()


def _run(shared: Sequence[Callable[[], None]]) -> None:
    pause, turns = threading.Event(), 0
    while Place.folder is not None:
        kinds.read_all()
        if turns % round(SHARED_INTERVAL / INTERVAL) == 0 and _looks_for_all():
            for look in shared:
                _look(look)
        turns += 1
        pause.wait(INTERVAL)


def _look(look: Callable[[], None]) -> None:
    try:
        look()
    except Exception as error:
        _log.warning("What all workers share could not be measured: %s", error)


def _looks_for_all() -> bool:
    """Whether this is the worker that does: the first that asked, and another when that one has ended, however it did."""
    if Place.folder is None:
        return False
    if Place.looks_for_all is None:
        held = os.open(Place.folder / "looks-for-all", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(held)
            return False
        Place.looks_for_all = held
    return True
