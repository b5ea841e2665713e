"""One file of an export, or one folder of them: which rows, of whom, and in which order they are read."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Select, tuple_

Row = dict[str, Any]

#: What the columns of the key are called in a page: they are not written down.
KEY = "key of row "


class Part(Struct, frozen=True):
    """One file, or one folder of files: the rows of a SELECT, in the order of ``key``, which tells each from the others.

    ``owner`` is the column that says whose they are: the person's id or, where ``is_by_consent``, that of a consent. Those
    of one consent after the other are read, by an index that begins with both: all rows of a person, of which there may
    be a million, would be sorted for each page. ``finish`` makes of a row what is written down.
    """

    name: str
    rows: Any
    owner: Any
    key: Sequence[Any]
    finish: Callable[[Row], Row] = dict
    is_by_consent: bool = False

    def page(self, owner: str, after: Sequence[Any] | None, most: int) -> Select[Any]:
        """Returns the SELECT of the rows of this owner that come next."""
        keys = [column.label(f"{KEY}{place}") for place, column in enumerate(self.key)]
        page: Select[Any] = self.rows.add_columns(*keys).where(self.owner == owner).order_by(*self.key).limit(most)
        if after is None:
            return page
        # PostgreSQL finds a place in an index of one table alone.
        first = [column for column in self.key if column.table is self.key[0].table]
        if len(first) < len(self.key):
            page = page.where(tuple_(*first) >= tuple(after[: len(first)]))
        return page.where(tuple_(*self.key) > tuple(after))


def open_columns(*names: str) -> Callable[[Row], Row]:
    """Returns what reads these columns, which hold JSON."""
    return lambda row: row | {name: json.loads(row[name]) for name in names}
