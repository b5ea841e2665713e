"""What a check has found: what is so, and what to do about it."""

from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct
from sqlalchemy import URL, Engine

from app.config import Settings
from app.database.schema import Revisions

OK, WARNING, ERROR = "ok", "warning", "error"


class Finding(Struct, frozen=True):
    """``do`` is empty where nothing is to be done. Neither ever holds a secret."""

    level: str
    says: str
    do: str = ""


class Deployment(Struct, frozen=True):
    """What is examined."""

    settings: Settings
    engine: Engine
    revisions: Revisions
    instance_path: Path

    @property
    def url(self) -> URL:
        """Where the database is."""
        return self.engine.url

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file."""
        return self.engine.dialect.name == "sqlite"


class Check(Struct, frozen=True):
    """One row of the table. ``needs_database`` leaves it out where the database does not answer."""

    name: str
    find: Callable[[Deployment], Iterator[Finding]]
    needs_database: bool = False


def split(sentence: str) -> tuple[str, str]:
    """Returns what a sentence says is so, and what it says is to be done, each as a sentence of its own."""
    mark = next((mark for mark in ("; ", ": ") if mark in sentence), None)
    says, do = sentence.rsplit(mark, 1) if mark else (sentence, "")
    return _as_sentence(says), _as_sentence(do)


def _as_sentence(words: str) -> str:
    return words and f"{words[0].upper()}{words[1:].rstrip('.')}."


def ok(says: str) -> Finding:
    """Returns what is as it should be."""
    return Finding(OK, says)


def warning(says: str, do: str) -> Finding:
    """Returns what works, and may not for long, or not for everybody."""
    return Finding(WARNING, says, do)


def error(says: str, do: str) -> Finding:
    """Returns what does not work, or not safely."""
    return Finding(ERROR, says, do)
