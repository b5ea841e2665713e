"""The purge that a server does by itself: a thread of each worker, of which one at a time works, over all machines."""

import logging
import random
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Engine

from app import clock, metrics
from app.config import Settings
from app.database.leases import find_lease, forget_lease, give_back_lease, take_lease
from app.purge.backlog import find_backlog
from app.purge.run import LEASE, Purge, demand_clock

_log = logging.getLogger(__name__)

#: Seconds after its start in which a worker looks for the first time.
_FIRST_LOOK = 30.0
#: Seconds that the end of a process waits for the batch that is at work.
_LAST_BATCH = 1.0
#: When the last purge ended longer ago than these seconds, the servers were stopped, or the database's clock has leapt:
#: the next purge comes so many seconds after that was noticed. A clock that is wrong is mostly put right in that time.
_LONG_AGO, _WAITS = 86400.0, 3600.0
# The name of what says when that was, for all processes: one may not live for so long.
_DOUBTS = "purge_doubts"


class PurgeThread:
    """Purges every ``purge_interval`` seconds, whichever process comes first. Started after the fork that makes a worker."""

    def __init__(self, engine: Engine, settings: Settings, context: Callable[[], AbstractContextManager[Any]]) -> None:
        self._interval = settings.purge_interval
        self._stop = threading.Event()
        self._purge = Purge(engine, settings, self._pause, context)
        self._thread: threading.Thread | None = None
        self._has_failed = False

    def start(self) -> None:
        """Begin, unless the settings say that somebody else purges."""
        if self._interval and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="purge", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End after the batch that is at work, within moments."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_LAST_BATCH)

    def _run(self) -> None:
        # Not all at once: workers that were started together would ask together ever after.
        wait = random.uniform(0, min(_FIRST_LOOK, self._interval))
        while not self._stop.wait(wait):
            try:
                self._take_turn()
                self._measure()
                if self._has_failed:
                    _log.info("The purge works again.")
                self._has_failed = False
            except Exception as error:
                # Once, and not each time: whatever is wrong with the database is told elsewhere too.
                if not self._has_failed and not self._stop.is_set():
                    _log.error("The purge could not go on, and is tried again: %s", error)
                self._has_failed = True
            wait = self._interval * random.uniform(0.8, 1.2)

    def _take_turn(self) -> None:
        if not self._purge.take_turn(every=self._interval * 0.8):
            return
        began, is_done = time.monotonic(), False
        try:
            demand_clock(self._purge.engine)
            if self._doubts_clock():
                return
            deleted, is_done = self._purge.run(everything=False)
        finally:
            self._purge.give_back(is_done=is_done)
        gone = {name: count for name, count in deleted.items() if count}
        for name, count in gone.items():
            metrics.PURGED.inc(name, by=count)
        if gone:
            told = ", ".join(f"{name} {count}" for name, count in gone.items())
            _log.info("Purged in %.1f s: %s.", time.monotonic() - began, told)

    def _doubts_clock(self) -> bool:
        """Returns whether the last purge seems to have ended long ago, and that was noticed less than an hour ago."""
        engine, holder = self._purge.engine, self._purge.holder
        last, doubts = find_lease(engine, LEASE), find_lease(engine, _DOUBTS)
        done_ago = 0.0 if last is None or last.done_ago is None else last.done_ago
        if done_ago < max(_LONG_AGO, 2 * self._interval):
            if doubts is not None:
                forget_lease(engine, _DOUBTS)
            return False
        noticed_ago = None if doubts is None else doubts.done_ago
        if noticed_ago is not None and noticed_ago >= 0:
            return noticed_ago < _WAITS
        if take_lease(engine, _DOUBTS, holder, seconds=60):
            give_back_lease(engine, _DOUBTS, holder, is_done=True)
            _log.warning(
                "The last purge ended %.0f days ago, if the clock is right. Put it right if it is not: what has expired"
                " by it is removed in an hour.",
                done_ago / 86400,
            )
        return True

    def _measure(self) -> None:
        backlog = find_backlog(self._purge.engine, self._purge.settings)
        for name, behind in backlog.items():
            metrics.PURGE_BACKLOG.set(behind.rows, name)
        metrics.PURGE_LOOKED.set(clock.now().timestamp())
        metrics.PURGE_OVERDUE.set(max(behind.seconds for behind in backlog.values()))

    def _pause(self, seconds: float) -> bool:
        return not self._stop.wait(seconds)
