"""Who works on uploads in a process: a thread that begins with the first and ends with the last."""

import ctypes
import logging
import threading
import time
from collections.abc import Callable

from sqlalchemy import Engine

from app.database.access import expect_writes
from app.database.unavailable import find_unavailability
from app.memories.importing.models import FAILED
from app.memories.importing.report import Report
from app.memories.importing.work import HELD_SECONDS, Hold, Lost, take_next, work_on
from app.sentences import _

_log = logging.getLogger(__name__)

#: Seconds after which a database that could not be used is tried again.
_PAUSE = 2.0
#: So often an upload is tried that the database takes nothing of, though it answers: the first times at once, then each
#: time that its hold has ended, which is some minutes in all.
_MOST_TRIES, _AT_ONCE = 10, 3


_WENT_WRONG = _("Something went wrong here, and was written down for whoever runs this site.")
_REFUSED = _("For some minutes this site could not keep more of it, and that was written down for whoever runs it.")


class Importer:
    """One for each process. ``has_threads`` says whether it has a thread; else whoever wakes it does the work."""

    def __init__(self, engine: Engine, has_threads: Callable[[], bool]) -> None:
        self._engine = engine
        self._has_threads = has_threads
        self._lock = threading.Lock()
        self._is_wanted = False
        self._thread: threading.Thread | None = None
        self._idle = threading.Event()
        self._idle.set()
        #: The holder of the upload that was let go of, as the database could not be used.
        self._left = ""
        #: Upload -> how often the database took nothing of it, and when that was last, by the monotonic clock.
        self._refused: dict[str, tuple[int, float]] = {}

    def wake(self, *, wait: float = 0) -> None:
        """Say that there may be something to do. Waits so many seconds for its end: of most it is there at once."""
        if not self._has_threads():
            self._work()
            return
        with self._lock:
            self._is_wanted = True
            self._idle.clear()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="import", daemon=True)
                self._thread.start()
        self._idle.wait(wait)

    def _run(self) -> None:
        has_failed = False
        while True:
            with self._lock:
                if not self._is_wanted:
                    self._thread = None
                    self._idle.set()
                    return
                self._is_wanted = False
            try:
                self._work()
                is_again = self._rests()
            except Exception as error:
                # Once, and not each time: whatever is wrong with the database is told elsewhere too.
                if not has_failed:
                    _log.error("An upload could not be worked on, and is tried again: %s", error)
                has_failed = True
                is_again = find_unavailability(error) is not None
            if is_again:
                time.sleep(_PAUSE)
                with self._lock:
                    self._is_wanted = True

    def _work(self) -> None:
        while (hold := take_next(self._engine, self._left)) is not None:
            self._left = ""
            try:
                work_on(self._engine, hold)
                _give_memory_back()
            except Lost:
                pass
            except Exception as error:
                if find_unavailability(error) is None:
                    _log.exception("An upload failed")
                    self._give_up(hold, _WENT_WRONG)
                elif self._count_refusal(hold) < _MOST_TRIES:
                    raise
                else:
                    _log.error("An upload was given up, as the database took nothing of it: %s", error)
                    self._give_up(hold, _REFUSED)
            self._refused.pop(hold.id, None)

    def _count_refusal(self, hold: Hold) -> int:
        """Count that the database took nothing more of an upload that it let us take. Returns how often in a row.

        After the first times its hold is kept, so that others come first until that ends.
        """
        times = 1 if hold.came_in else self._refused.get(hold.id, (0, 0.0))[0] + 1
        self._refused[hold.id] = times, time.monotonic()
        self._left = hold.holder if times < _AT_ONCE else ""
        return times

    def _rests(self) -> bool:
        """Whether an upload is to be tried again once its hold has ended. Another process may have taken it by then."""
        since = time.monotonic() - 2 * HELD_SECONDS
        self._refused = {id: refused for id, refused in self._refused.items() if refused[1] > since}
        return bool(self._refused)

    def _give_up(self, hold: Hold, sentence: str) -> None:
        hold.report = Report(problem=sentence, count=hold.came_in)
        with expect_writes(), self._engine.begin() as connection:
            hold.end(connection, FAILED)


def _give_memory_back() -> None:
    """Let the system have what an upload has needed: glibc would keep it, in pieces too small for the next one."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
