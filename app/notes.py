"""What is noted in memory while requests are answered, and written down every few seconds by a thread of its own.

The request that notes something never waits for the database. What was noted before a process dies by force is lost,
so this is for what explains and counts, and never for what must be certain.
"""

import logging
import threading
from abc import ABC, abstractmethod
from typing import Any, TypeVar

from sqlalchemy import Engine

from app.database.access import expect_writes, may_note
from app.database.patience import set_patience

_log = logging.getLogger(__name__)

#: Seconds between two times of writing down.
INTERVAL = 2.0
#: Seconds that the database has for one time of writing down. What it does not take is kept for the next.
_PATIENCE = 5.0


class Notes:
    """Everything that one process notes, one :class:`WriteBehind` of each kind."""

    def __init__(self) -> None:
        self._kinds: dict[type[WriteBehind], WriteBehind] = {}
        #: Whether threads write it down. Without them somebody has to call ``flush``, as tests do.
        self.have_threads = True

    def add(self, notes: "WriteBehind") -> None:
        """Keep the notes of one more kind."""
        self._kinds[type(notes)] = notes

    def of(self, kind: type["_Kind"]) -> "_Kind":
        """Returns the notes of this kind."""
        return self._kinds[kind]  # type: ignore[return-value]

    def count(self) -> dict[tuple[str, ...], float]:
        """Returns how many notes of each kind wait to be written down."""
        return {(notes.name,): notes.count() for notes in self._kinds.values()}

    def stop(self) -> None:
        """Write down the last of everything; for the end of a process."""
        for notes in self._kinds.values():
            notes.stop()


class WriteBehind(ABC):
    """One process's notes of one kind. What notes them holds ``lock`` and calls ``wake`` afterwards."""

    #: Of the thread.
    name: str
    #: What the log says could not be written down.
    subject: str

    def __init__(self, engine: Engine, among: Notes) -> None:
        self.engine = engine
        self.lock = threading.Lock()
        self._among = among
        # One at a time writes: whoever waits finds everything written that was noted before.
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        among.add(self)

    def wake(self) -> None:
        """See to it that what was noted gets written down."""
        # Not before the first note: a thread does not survive the fork that makes a worker.
        if self._thread is not None or not self._among.have_threads:
            return
        with self.lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
                self._thread.start()

    def flush(self) -> None:
        """Write down everything that was noted before."""
        with self._writing:
            with self.lock:
                notes = self._take()
            if not notes:
                return
            try:
                with expect_writes():
                    self._write(notes)
            except Exception:
                with self.lock:
                    self._put_back(notes)
                raise

    def flush_if_possible(self) -> bool:
        """As :meth:`flush`; a database that is away or locked is a line in the log, and the notes are kept.

        Returns whether everything is written.
        """
        if not may_note():
            return False
        try:
            self.flush()
        except Exception as error:
            _log.warning("%s could not be written down: %s", self.subject, error)
            return False
        return True

    def stop(self) -> None:
        """Write the last and end the thread; for the end of a process."""
        self._stop.set()
        set_patience(_PATIENCE)
        if self.flush_if_possible() and self._thread is not None:
            self._end()
        set_patience(None)

    def _run(self) -> None:
        # A database that says nothing must not hold us, and with us the end of the process.
        set_patience(_PATIENCE)
        self._begin()
        while not self._stop.wait(INTERVAL):
            set_patience(_PATIENCE)
            if self.flush_if_possible():
                self._rest()

    def _begin(self) -> None:  # noqa: B027 - most kinds have nothing to do then
        """Called by the thread before it waits for the first time."""

    def _rest(self) -> None:  # noqa: B027
        """Called by the thread whenever everything is written that was noted before."""

    def _end(self) -> None:  # noqa: B027
        """Called at the end of a process, when everything is written."""

    @abstractmethod
    def count(self) -> int:
        """Returns how many wait; without the lock, since one more or less does not matter."""

    @abstractmethod
    def _take(self) -> Any:
        """All notes, which are no longer kept; something empty when there are none. Called under the lock."""

    @abstractmethod
    def _write(self, notes: Any) -> None:
        """Write them down, all or none."""

    @abstractmethod
    def _put_back(self, notes: Any) -> None:
        """Keep notes that could not be written, before those that came since. Called under the lock."""


_Kind = TypeVar("_Kind", bound=WriteBehind)
