"""The letters that an app sends, as tests read them. Loaded as a pytest plugin by ``conftest``."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask

from app.mail.carrier import Posted
from app.mail.sending import send_due

_ADDRESS = re.compile(r"https?://[^\s<>\"']+")


@dataclass(frozen=True)
class SentLetter:
    """A letter as it went out."""

    kind: str
    to: str
    subject: str
    text: str
    html: str

    @property
    def links(self) -> list[str]:
        """Every address in the plain text, in order; the last is that of the site itself."""
        return [found.rstrip(".,") for found in _ADDRESS.findall(self.text)]

    def link(self, path: str) -> str:
        """The path, from its root, of the one link that begins with this path."""
        paths = [re.sub(r"^https?://[^/]+", "", one) for one in self.links]
        found = {one for one in paths if one.startswith(path)}
        assert len(found) == 1, f"{len(found)} links of {self.subject!r} begin with {path}: {self.links}"
        return found.pop()


class Mailbox:
    """A carrier that keeps what it is given."""

    def __init__(self) -> None:
        self.letters: list[SentLetter] = []

    def open(self) -> None:
        """It always is."""

    def carry(self, posted: Posted, hand_over: Callable[[], None]) -> str:
        hand_over()
        said = posted.rendered
        self.letters.append(SentLetter(posted.kind, posted.recipient, said.subject, said.text, said.html))
        return "250 kept"

    def close(self) -> None:
        """It never is."""


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
