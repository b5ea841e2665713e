"""A server for this machine alone, without a mail server: letters are kept for a page, and told in the log."""

import logging
from collections.abc import Callable

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.database.access import expect_writes
from app.mail.carrier import Posted
from app.mail.models import LocalMail

_log = logging.getLogger(__name__)


class LocalCarrier:
    """Keeps each letter where ``/demonstration/mail/`` shows it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self) -> None:
        """There is nothing to open."""

    def carry(self, posted: Posted, hand_over: Callable[[], None]) -> str:
        """Keep it. One that was kept before, by a process that died then, is replaced."""
        rendered = posted.rendered
        hand_over()
        kept = LocalMail(
            id=posted.id,
            kind=posted.kind,
            recipient=posted.recipient,
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
        )
        with expect_writes(), Session(self._engine) as session, session.begin():
            session.merge(kept)
        # A record is one line, and a link must be alone on it to be copied.
        for line in (f"A letter to {posted.recipient}: {rendered.subject}", *filter(None, rendered.text.splitlines())):
            _log.info("%s", line)
        return "Kept for /demonstration/mail/."

    def close(self) -> None:
        """There is nothing to close."""
