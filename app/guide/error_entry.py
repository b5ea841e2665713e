"""One error as the guide tells of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """One error. ``statuses`` are those of HTTP, empty where the error comes by redirect."""

    code: str
    meaning: str
    fix: str
    statuses: tuple[int, ...] = ()
