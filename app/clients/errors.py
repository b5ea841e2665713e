"""What can be wrong with what somebody wants of a client."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct


class ClientError(ValueError):
    """What is wrong with a client's fields. ``field`` and ``sentence`` say the first problem, ``problems`` all of them.

    ``problems`` is a list of ``(field, sentence)``; each sentence is for a person and holds no secret.
    """

    def __init__(self, field: str, sentence: str, problems: Iterable[tuple[str, str]] = ()):
        super().__init__(sentence)
        self.field = field
        self.sentence = sentence
        self.problems = list(problems) or [(field, sentence)]


class ClientGone(LookupError):
    """The client was deleted since it was looked up."""


class Change(Struct, frozen=True):
    """What became of one column of a client since somebody looked, and who last changed it."""

    before: Any
    after: Any
    actor_user_id: str | None
    at: datetime


class ClientChanged(Exception):
    """Somebody else changed the client since it was looked at. ``changes`` says what, by column."""

    def __init__(self, changes: Mapping[str, Change]):
        super().__init__()
        self.changes = changes
