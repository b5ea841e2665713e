"""A shared store that may be away. Then each process counts for itself, which the log says once."""

import logging
import threading
from collections.abc import Callable
from typing import Any

from limits.storage import Storage

from app.database.access import MayNotWrite, WaitsForItself
from app.limits.process import ProcessStorage

_log = logging.getLogger(__name__)

#: Seconds between two tries whether the store is back.
INTERVAL = 1.0


class StandIn(Storage):
    """The shared store ``first``; and, from the first failure on until it is back, the memory of this process.

    A thread asks whether it is back, and no request: those do not wait for what is away.
    """

    def __init__(self, first: Storage, name: str, *, has_thread: Callable[[], bool] = lambda: True) -> None:
        """``name`` is what the log calls the store. Without a thread somebody has to call :meth:`look`."""
        super().__init__()
        self._first, self._name, self._has_thread = first, name, has_thread
        self._own = ProcessStorage()
        self._is_away = False
        self._lock = threading.Lock()

    @property
    def base_exceptions(self) -> type[Exception]:
        return Exception

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        return self._ask("incr", key, expiry, amount)

    def get(self, key: str) -> int:
        return self._ask("get", key)

    def get_expiry(self, key: str) -> float:
        return self._ask("get_expiry", key)

    def check(self) -> bool:
        return not self._is_away

    def reset(self) -> int | None:
        self._own.reset()
        return self._ask("reset")

    def clear(self, key: str) -> None:
        self._ask("clear", key)

    def look(self) -> bool:
        """Returns whether the store is there, and goes back to it if so."""
        try:
            self._first.check()
        except Exception:
            return False
        with self._lock:
            if self._is_away:
                self._own.reset()
                _log.warning("%s is back: limits are counted there again, for all processes together.", self._name)
                # The last: whoever sees it so finds the rest done.
                self._is_away = False
        return True

    def _ask(self, operation: str, *arguments: Any) -> Any:
        if not self._is_away:
            try:
                return getattr(self._first, operation)(*arguments)
            except (MayNotWrite, WaitsForItself):
                # Our mistake, which must not look like theirs.
                raise
            except Exception as error:
                self._lose(error)
        return getattr(self._own, operation)(*arguments)

    def _lose(self, error: Exception) -> None:
        with self._lock:
            if self._is_away:
                return
            self._is_away = True
        # Not the error's own words: they may hold an address with a password in it.
        _log.warning(
            "%s does not count (%s): until it does, each process counts for itself what is limited.",
            self._name,
            type(error).__name__,
        )
        if self._has_thread():
            threading.Thread(target=self._look_until_back, name="limits", daemon=True).start()

    def _look_until_back(self) -> None:
        pause = threading.Event()
        while not pause.wait(INTERVAL) and not self.look():
            pass
