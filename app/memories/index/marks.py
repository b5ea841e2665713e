"""Where a memory stands in time, newest last: what a page goes on from. JSON can hold it."""

from datetime import datetime
from typing import Any, Protocol

#: What SQLite's index has is a number; what PostgreSQL has is a time and an id.
Mark = int | list[str]
#: Comes after whatever an id is made of.
BEHIND_ALL = "~"


class Dated(Protocol):
    """A memory, or a row that has its id and its time."""

    @property
    def id(self) -> Any: ...

    @property
    def created_at(self) -> Any: ...


def time_and_id(memory: Dated) -> list[str]:
    """Returns where a memory stands in a list of the newest first."""
    return [memory.created_at.isoformat(timespec="microseconds"), memory.id]


def is_time_and_id(value: Any) -> bool:
    """Returns whether something that came from outside can be a :func:`time_and_id`."""
    if not (isinstance(value, list) and len(value) == 2 and all(isinstance(part, str) for part in value)):
        return False
    try:
        instant = datetime.fromisoformat(value[0])
    except ValueError:
        return False
    # A year at either end of the calendar may leave it when it is converted to UTC.
    return instant.tzinfo is not None and 1 < instant.year < 9999 and value[1].isascii() and value[1].isprintable()
