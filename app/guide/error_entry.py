"""One error as the guide tells of it."""

from collections.abc import Iterable
from typing import NamedTuple, Self

from msgspec import Struct
from msgspec.structs import replace

from app.oauth.refusals import Refusal


class Cause(NamedTuple):
    """One way to get an error, and what to do about it."""

    meaning: str
    fix: str


class ErrorEntry(Struct, frozen=True):
    """One error. ``statuses`` are those of HTTP, empty where the error comes by redirect."""

    code: str
    causes: tuple[Cause, ...]
    statuses: tuple[int, ...] = ()

    @classmethod
    def of_one_cause(cls, code: str, meaning: str, fix: str, statuses: tuple[int, ...] = ()) -> Self:
        """Returns the entry of an error that no row of the refusals is about."""
        return cls(code, (Cause(meaning, fix),), statuses)

    @classmethod
    def of_rows(cls, code: str, rows: Iterable[Refusal], statuses: tuple[int, ...] = ()) -> Self:
        """Returns the entry with what the rows of the refusals say, each of them once."""
        return cls(code, tuple(dict.fromkeys(Cause(row.told, row.fix) for row in rows)), statuses)

    def and_of_rows(self, rows: Iterable[Refusal]) -> Self:
        """Returns the entry with what these rows say beside."""
        return replace(self, causes=self.causes + self.of_rows(self.code, rows).causes)
