"""The sender: a thread of each worker that looks into the outbox, and sends what waits."""

import logging
import random
import threading
import time
from functools import partial

from flask import Flask
from sqlalchemy import Engine

from app import metrics
from app.database.leases import give_back_lease, new_holder, renew_lease, take_lease
from app.extensions import db
from app.mail.carriers import choose_carrier
from app.mail.looking_after import read_backlog
from app.mail.outbox import something_waits
from app.mail.queue import has_due
from app.mail.sending import send_due

_log = logging.getLogger(__name__)

#: Seconds between two looks. A letter that this process puts itself wakes it at once.
_INTERVAL = 2.0
#: Seconds that the end of a process waits for the letter that is on its way.
_LAST_LETTER = 2.0
_MEASURES_EVERY = 20.0
#: So many send at a time, over all machines: mail servers take few connections, and one that hangs keeps nobody else.
_PLACES = ("mail-1", "mail-2")
# Short, so that a place is soon free again when its process died. One that only waits for its mail server goes on.
_LEASE_SECONDS = 20


class MailThread:
    """Sends letters until it is told to stop. Started after the fork that makes a worker."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None
        self._has_failed = False
        self._holder = new_holder()
        #: Until then the mail server is left alone: a letter that is put meanwhile would find it as the last one did.
        self._asks_again_at = 0.0
        # Not all workers at the same moment.
        self._measures_at = time.monotonic() + random.uniform(0, _MEASURES_EVERY / 2)

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
                self._measure()
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
        if time.monotonic() < self._asks_again_at or not has_due(engine):
            return
        for place in _PLACES:
            if take_lease(engine, place, self._holder, seconds=_LEASE_SECONDS):
                try:
                    carrier = choose_carrier(self._app.extensions["services"].settings, engine)
                    send_due(self._app, carrier, partial(self._go_on, engine, place), self._leave_alone)
                finally:
                    give_back_lease(engine, place, self._holder, is_done=True)
                return

    def _measure(self) -> None:
        """Tell how the outbox stands, as far as it is told anywhere; not at each look."""
        if time.monotonic() < self._measures_at:
            return
        self._measures_at = time.monotonic() + _MEASURES_EVERY
        with self._app.app_context():
            backlog = read_backlog(db.engine)
        metrics.LETTERS_WAITING.set(backlog.waiting)
        metrics.LETTERS_STUCK.set(backlog.stuck_for)
        metrics.LETTERS_UNSENT.set(backlog.failed, "failed")
        metrics.LETTERS_UNSENT.set(backlog.uncertain, "uncertain")

    def _leave_alone(self, seconds: float) -> None:
        self._asks_again_at = time.monotonic() + seconds

    def _go_on(self, engine: Engine, place: str) -> bool:
        if self._is_over.is_set():
            return False
        # Held up for so long that another has the place by now, it may go on all the same: each letter has one sender.
        renew_lease(engine, place, self._holder, seconds=_LEASE_SECONDS)
        return True
