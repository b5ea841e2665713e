"""What goes out by mail, as tests read it."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.mail.carrier import Posted
from app.mail.models import LocalMail

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


def wait_for_first(kept: list):
    """The first of a list that somebody else adds to."""
    for _ in range(600):
        if kept:
            return kept[0]
        time.sleep(0.05)
    raise AssertionError("Nothing came within half a minute.")


def wait_for_local_letter(app: Flask, email: str) -> SentLetter:
    """The latest letter to this address that a running server with the database of ``app`` has kept for its own page."""
    latest = select(LocalMail).where(LocalMail.recipient == email).order_by(LocalMail.sent_at.desc()).limit(1)
    for _ in range(600):
        with app.app_context():
            if (kept := db.session.scalar(latest)) is not None:
                return SentLetter(kept.kind, kept.recipient, kept.subject, kept.text, kept.html)
        time.sleep(0.05)
    raise AssertionError(f"No letter to {email} within half a minute.")
