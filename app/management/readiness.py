"""Whether this process can serve, said within about a second also when the database says nothing at all."""

import logging
import threading

from flask import Flask

from app.http.health import find_unready

#: How long a probe waits for the answer, in seconds.
PATIENCE = 1.0

_log = logging.getLogger(__name__)


class Readiness:
    """Asks in a thread of its own, one at a time: whoever comes meanwhile shares the answer that is awaited."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._asking: _Question | None = None

    def find_problem(self) -> str | None:
        """Returns what keeps this process from serving, None when nothing does."""
        with self._lock:
            if self._asking is None or self._asking.is_answered.is_set():
                self._asking = _Question()
                # A daemon, so that one that hangs does not keep the process from ending.
                threading.Thread(target=self._ask, args=(self._asking,), name="readiness", daemon=True).start()
            question = self._asking
        if not question.is_answered.wait(PATIENCE):
            return "it is not known yet"
        return question.problem

    def _ask(self, question: "_Question") -> None:
        try:
            question.problem = find_unready(self._app.extensions["services"].engine)
        except Exception:
            _log.exception("Whether we are ready could not be found out")
        finally:
            question.is_answered.set()


class _Question:
    def __init__(self) -> None:
        self.is_answered = threading.Event()
        self.problem: str | None = "it could not be found out"
