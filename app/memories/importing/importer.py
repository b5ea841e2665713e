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
from app.memories.importing.work import Hold, Lost, take_next, work_on
from app.sentences import _

_log = logging.getLogger(__name__)

#: Seconds after which a database that could not be used is tried again.
_PAUSE = 2.0


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
            except Exception as error:
                # Once, and not each time: whatever is wrong with the database is told elsewhere too.
                if not has_failed:
                    _log.error("An upload could not be worked on, and is tried again: %s", error)
                has_failed = True
                if find_unavailability(error) is not None:
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
                continue
            except Exception as error:
                if find_unavailability(error) is not None:
                    self._left = hold.holder
                    raise
                _log.exception("An upload failed")
                self._give_up(hold)

    def _give_up(self, hold: Hold) -> None:
        sentence = _("Something went wrong here, and was written down for whoever runs this site.")
        hold.report = Report(problem=sentence, count=hold.came_in)
        with expect_writes(), self._engine.begin() as connection:
            hold.end(connection, FAILED)


def _give_memory_back() -> None:
    """Let the system have what an upload has needed: glibc would keep it, in pieces too small for the next one."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
