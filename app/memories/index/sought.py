"""What a search looks for, and where."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement


class Place(Struct, frozen=True):
    """An integration, with or without a folder (which includes what lies below it), or a single memory."""

    integration_id: str | None
    folder: str | None = None
    memory_id: str | None = None


class Words(Struct, frozen=True):
    """What is looked for: each of the phrases, or any of them. A phrase is runs that stand next to each other.

    A run is what :func:`app.folding.fold` makes of a text.
    """

    phrases: tuple[tuple[str, ...], ...]
    any_is_enough: bool = False

    def together(self) -> "Words":
        """Returns all of them next to each other."""
        return Words((tuple(word for phrase in self.phrases for word in phrase),))


class Sought(Struct, frozen=True):
    """What is looked for, and where. ``conditions`` are exact; ``places`` are what the index knows of them, ``owned``
    is whose they are.

    ``is_wider`` says that the places include much that the conditions rule out.
    """

    words: Words
    places: Sequence[Place]
    is_wider: bool
    owned: ColumnElement[bool]
    conditions: Sequence[ColumnElement[bool]]
    begin: datetime | None
    end: datetime | None

    def together(self) -> Self:
        """Returns the same, with the words next to each other."""
        return replace(self, words=self.words.together())
