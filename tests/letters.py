"""The letters that an app sends, as tests read them. Loaded as a pytest plugin by ``conftest``."""

from collections.abc import Callable

import pytest
from flask import Flask

from app.mail.sending import send_due
from tests.mailbox import Mailbox, SentLetter

__all__ = ["Mailbox", "SentLetter", "sent_mail"]


@pytest.fixture
def sent_mail(request) -> Callable[..., list[SentLetter]]:
    """``sent_mail()`` sends what waits in the outbox of ``app``, or of the app that it is given.

    Returns what went out by that, in the order in which it was put. Not called inside an app context.
    """

    def send(app: Flask | None = None) -> list[SentLetter]:
        mailbox = Mailbox()
        send_due(app or request.getfixturevalue("app"), mailbox)
        return mailbox.letters

    return send
