"""Who waits for PostgreSQL in this process, and who had better not: whoever is asked in vain is not asked by everybody.

A request that has no answer within its patience gives up (:class:`NoAnswer`). From then on requests are told at once
(:class:`NotAsked`), while one thread asks again and again; with the first answer all is as before. And where statements
take long without being unanswered, some threads stay free for what needs no database.
"""

import threading
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from app import metrics
from app.database.patience import Patience

if TYPE_CHECKING:
    from app.database.away import NoAnswer, NotAsked

#: Seconds without an answer after which a wait counts among the long ones.
LONG_SECONDS = 0.6
#: Seconds between two attempts to reach a database that does not answer.
_PROBE_PAUSE = 0.5
#: Seconds after which the next attempt is made beside one that has not ended, and how many there may be at once.
_PROBE_HANGS, _MOST_PROBES = 3.0, 8
#: Seconds for which requests wait to hear whether the database is away, or one statement only was slow.
_VERDICT_SECONDS = 0.2


def not_asked(kind: str, reason: str) -> "NotAsked":
    """Returns what is to be raised; it is an error of PostgreSQL's driver, which is not loaded where there is none."""
    from app.database.away import NotAsked

    return NotAsked(kind, reason)


class Waits:
    """The waits of one process for one database."""

    def __init__(self, probe: Callable[[], None]) -> None:
        """``probe`` asks the database something on a connection of its own, and raises when there is no answer."""
        self._probe = probe
        self._lock = threading.Lock()
        self._probes = threading.BoundedSemaphore(_MOST_PROBES)
        self._answers = threading.Event()
        self._answers.set()
        self._silent_since = 0.0
        self._long = 0
        #: How many may wait long at once; None for any number. A server sets it to fewer than it has threads.
        self.most_long: int | None = None
        #: Whether :meth:`check` has anything to say; read by whoever cannot afford a call.
        self.are_closed = False
        #: Connections that have been silent since before this moment may be dead without saying so.
        self.doubtful_before = 0.0

    def check(self, patience: Patience) -> None:
        """Raises :class:`NotAsked` when a request with this patience should not wait for the database now."""
        if patience.left <= 0.0:
            raise not_asked("slow", "This request has waited for the database for long enough.")
        if not self._answers.is_set():
            self._answers.wait(self._silent_since + _VERDICT_SECONDS - monotonic())
            if not self._answers.is_set():
                raise not_asked("silent", "The database did not answer others a moment ago.")
        self._check_room()

    def begin_long(self) -> None:
        """Count a wait among the long ones. Raises :class:`NotAsked` where there are as many as may be."""
        with self._lock:
            self._check_room()
            self._long += 1
            self._update()

    def end_long(self) -> None:
        """Count a long wait no more."""
        with self._lock:
            self._long -= 1
            self._update()

    def give_up(self, patience: Patience) -> "NoAnswer":
        """Ask no more until the database has answered a probe. Returns what is to be raised."""
        patience.left = 0.0
        with self._lock:
            self.doubtful_before = monotonic()
            if self._answers.is_set():
                self._silent_since = self.doubtful_before
                self._answers.clear()
                self._update()
                threading.Thread(target=self._probe_until_answered, name="database-probe", daemon=True).start()
        from app.database.away import NoAnswer

        return NoAnswer()

    def _check_room(self) -> None:
        if self._is_full():
            raise not_asked("slow", "The database is slow, and enough requests wait for it.")

    def _is_full(self) -> bool:
        return self.most_long is not None and self._long >= self.most_long

    def _update(self) -> None:
        self.are_closed = not self._answers.is_set() or self._is_full()
        metrics.BREAKER_OPEN.set(self.are_closed)

    def _probe_until_answered(self) -> None:
        answered = threading.Event()
        while not answered.is_set():
            ended = threading.Event()
            self._probes.acquire()
            threading.Thread(
                target=self._probe_once, args=(answered, ended), name="database-probe", daemon=True
            ).start()
            # Looking up a name that nobody tells may take half a minute, and the database may long be there again.
            ended.wait(_PROBE_HANGS)
            answered.wait(_PROBE_PAUSE)

    def _probe_once(self, answered: threading.Event, ended: threading.Event) -> None:
        try:
            self._probe()
            with self._lock:
                # One that comes late says nothing of a silence that began meanwhile.
                if not answered.is_set():
                    answered.set()
                    self._answers.set()
                    self._update()
        # Whatever went wrong, the next attempt may find it mended.
        except Exception:
            pass
        finally:
            self._probes.release()
            ended.set()
