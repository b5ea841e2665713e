"""One file of an export, or one folder of them: which rows, of whom, and in which order they are read."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, and_

Row = dict[str, Any]

#: What the columns of the key are called in a page: they are not written down.
KEY = "key of row "


class Part(Struct, frozen=True):
    """One file, or one folder of files: the rows of a SELECT, in the order of ``key``, which tells each from the others.

    ``finish`` makes of a row what is written down.
    """

    name: str
    rows: Any
    user_id: Any
    key: Sequence[Any]
    finish: Callable[[Row], Row] = dict

    def page(self, user_id: str, after: Sequence[Any] | None, most: int) -> Select[Any]:
        """Returns the SELECT of the rows of this person that come next."""
        keys = [column.label(f"{KEY}{place}") for place, column in enumerate(self.key)]
        page: Select[Any] = self.rows.add_columns(*keys).where(self.user_id == user_id).order_by(*self.key).limit(most)
        return page if after is None else page.where(_comes_after(self.key, after))


def _comes_after(key: Sequence[Any], after: Sequence[Any]) -> ColumnElement[bool]:
    column, value = key[0], after[0]
    if len(key) == 1:
        return column > value
    return (column > value) | and_(column == value, _comes_after(key[1:], after[1:]))


def open_columns(*names: str) -> Callable[[Row], Row]:
    """Returns what reads these columns, which hold JSON."""
    return lambda row: row | {name: json.loads(row[name]) for name in names}
