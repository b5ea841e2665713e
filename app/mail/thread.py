"""The sender: a thread of each worker that looks into the outbox, and sends what waits."""

import logging
import random
import threading

from flask import Flask

from app.extensions import db
from app.mail.carriers import choose_carrier
from app.mail.outbox import something_waits
from app.mail.queue import has_due
from app.mail.sending import send_due

_log = logging.getLogger(__name__)

#: Seconds between two looks. A letter that this process puts itself wakes it at once.
_INTERVAL = 2.0
#: Seconds that the end of a process waits for the letter that is on its way.
_LAST_LETTER = 2.0


class MailThread:
    """Sends letters until it is told to stop. Started after the fork that makes a worker."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None
        self._has_failed = False

    def start(self) -> None:
        """Begin."""
        if self._thread is None and self._app.extensions["services"].settings.sends_mail:
            self._thread = threading.Thread(target=self._run, name="mail", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End after the letter that is on its way, within moments."""
        self._is_over.set()
        something_waits.set()
        if self._thread is not None:
            self._thread.join(_LAST_LETTER)

    def _run(self) -> None:
        while not self._is_over.is_set():
            something_waits.clear()
            try:
                self._look()
                if self._has_failed:
                    _log.info("Letters are sent again.")
                self._has_failed = False
            except Exception as error:
                # Once, and not each time: whatever is wrong with the database is told elsewhere too.
                if not self._has_failed and not self._is_over.is_set():
                    _log.error("Letters cannot be sent now, and are tried again: %s", error)
                self._has_failed = True
            something_waits.wait(_INTERVAL * random.uniform(0.8, 1.2))

    def _look(self) -> None:
        with self._app.app_context():
            engine = db.engine
        if has_due(engine):
            send_due(self._app, choose_carrier(self._app.extensions["services"].settings, engine), self._go_on)

    def _go_on(self) -> bool:
        return not self._is_over.is_set()
