"""SQLite's write-ahead log is copied back by a thread of each worker, so that no request has to.

SQLite itself lets the commit that makes the log too long copy it, and each one after that for as long as others write
meanwhile. That takes a tenth of a second and more. Connections of requests do so only where the log is much longer than
the thread ever lets it become: it is their net, not their task.
"""

import logging
import random
import threading
from typing import Any

from sqlalchemy import Engine, event

_log = logging.getLogger(__name__)

#: Seconds between two looks while much is written, and else.
_BUSY, _QUIET = 3.0, 10.0
#: Pages that are much.
_MUCH = 1000
#: Pages after which the log begins anew, which writers have to wait for, and after which requests help: 130 and 260 MB.
_LONG, _TOO_LONG = 32_000, 64_000
#: Seconds that the end of a process waits for the copy that is being made.
_LAST_COPY = 1.0


class CheckpointThread:
    """Copies the log of an engine's database. Made before the engine has connections, in the process that answers."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._has_failed = False
        # How long the log was at the last look.
        self._length = 0
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _let_it_grow)

    def start(self) -> None:
        """Begin, where the database has such a log."""
        if self._engine.dialect.name == "sqlite" and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End, within moments."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_LAST_COPY)

    def look(self) -> bool:
        """Copy what is there. Returns whether much has come since the last look."""
        connection = self._engine.raw_connection()
        try:
            driver: Any = connection.driver_connection
            length = driver.copy_log_back("PASSIVE")
            if length >= _LONG:
                # What came meanwhile, so that little is left for the moment in which nobody may write.
                driver.copy_log_back("PASSIVE")
                driver.copy_log_back("RESTART")
        finally:
            connection.close()
        came = length - self._length if length >= self._length else length
        self._length = length
        return came >= _MUCH

    def _run(self) -> None:
        # Not all workers at the same moment.
        wait = _BUSY
        while not self._stop.wait(wait * random.uniform(0.8, 1.2)):
            try:
                wait = _BUSY if self.look() else _QUIET
                self._has_failed = False
            except Exception as error:
                # Once, and not each time: whatever is wrong with the database is told elsewhere too.
                if not self._has_failed and not self._stop.is_set():
                    _log.error("SQLite's log could not be copied back, and is tried again: %s", error)
                self._has_failed, wait = True, _QUIET


def _let_it_grow(connection: Any, _record: object) -> None:
    connection.cursor().execute(f"PRAGMA wal_autocheckpoint={_TOO_LONG}").close()
