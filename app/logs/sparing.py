"""Lines that a stranger could have us write without end: some of them a minute, and then how many there were."""

import logging
import threading
import time


class SparingLog:
    """A logger that writes ``most`` lines in ``seconds``, and before the next one how many it has left out."""

    def __init__(self, log: logging.Logger, most: int = 20, seconds: float = 60.0) -> None:
        self._log, self._most, self._seconds = log, most, seconds
        self._lock = threading.Lock()
        self._began, self._written, self._left_out = 0.0, 0, 0

    def info(self, message: str, *values: object) -> None:
        """Write a line, unless there were too many just now."""
        with self._lock:
            left_out = self._begin_anew() if time.monotonic() - self._began >= self._seconds else 0
            self._written += 1
            is_written = self._written <= self._most
            self._left_out += not is_written
        if left_out:
            self._log.info("%d more lines like the next one were left out.", left_out)
        if is_written:
            self._log.info(message, *values)

    def _begin_anew(self) -> int:
        left_out = self._left_out
        self._began, self._written, self._left_out = time.monotonic(), 0, 0
        return left_out
