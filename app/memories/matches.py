"""Finding the memories that a search means, and ranking them: the best of all, or a window of the newest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Row, Select, func, null

from app.extensions import db
from app.memories.models import Memory
from app.memories.positions import Position
from app.memories.search_index import (
    RANKS_POORLY,
    Mark,
    Place,
    Words,
    is_as_new,
    is_between,
    is_older,
    read_mark,
    read_newest,
    select_best,
    select_newest,
    select_rows,
)
from app.memories.words import score

# How much of a text is looked at to rank it.
_RANKED_LENGTH = 2000
# So many that have the words next to each other are among the best in any case.
_MOST_TOGETHER = 20


@dataclass(frozen=True, slots=True)
class Match:
    """A memory that has the words. Its score depends on nothing else, see :func:`app.memories.words.score`."""

    id: str
    mark: Mark
    score: int


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for, and where. ``conditions`` are exact; ``places`` are what the index knows of them, ``owned``
    is whose they are.

    ``is_wider`` says that the places include much that the conditions rule out.
    """

    words: Words
    places: list[Place]
    is_wider: bool
    owned: ColumnElement[bool]
    conditions: list[ColumnElement[bool]]
    begin: datetime | None
    end: datetime | None


def find_best(sought: Sought, *, of_newest: int, most: int, few: int) -> tuple[list[Match], Mark | None]:
    """The best of the newest so many matches, and the mark of the newest.

    All matches, and no mark, when they are fewer than ``few``.
    """
    ranks_poorly = RANKS_POORLY[db.engine.dialect.name]
    rows = _find_keys(sought, of_newest=few if ranks_poorly else of_newest, most=few, is_ranked=not ranks_poorly)
    if len(rows) < few:
        return _load(sought, [row.key for row in rows]), None
    newest, together = read_newest(db.engine.dialect, rows[0].newest), []
    if ranks_poorly:
        rows = _find_keys(sought, of_newest=of_newest, most=most)
    if ranks_poorly and len(sought.words.phrases) > 1:
        nearer = replace(sought, words=sought.words.together())
        together = _find_keys(nearer, of_newest=_MOST_TOGETHER, most=_MOST_TOGETHER, is_ranked=False)
    keys = dict.fromkeys(row.key for row in [*together, *rows])
    return _load(sought, list(keys)[:most]), newest


def find_those(sought: Sought, ids: Iterable[str]) -> list[Match]:
    """The memories of these ids that are still within the conditions, the best first."""
    found, number = select_rows(db.engine.dialect)
    return _rank(sought, found.where(Memory.id.in_(list(ids)), *sought.conditions), number)


def find_window(sought: Sought, position: Position, *, size: int) -> list[Match]:
    """The matches of the window in which the position is, or which begins there; the best first."""
    dialect = db.engine.dialect
    statement, number = select_newest(dialect, sought.words, sought.places)
    statement = statement.where(
        *sought.conditions,
        *is_between(dialect, sought.begin, sought.end),
        is_older(dialect, position.top, or_same=position.is_within),
    )
    if position.bottom is not None:
        statement = statement.where(is_as_new(dialect, position.bottom))
    return _rank(sought, statement.limit(size), number)


def _find_keys(sought: Sought, *, of_newest: int, most: int, is_ranked: bool = True) -> Sequence[Row]:
    statement, values = select_best(
        db.engine.dialect,
        sought.words,
        sought.places,
        begin=sought.begin,
        end=sought.end,
        of_newest=of_newest,
        most=most,
        is_ranked=is_ranked,
        owned=sought.owned,
        conditions=sought.conditions if sought.is_wider else None,
    )
    return db.session.execute(statement, values).all()


def _load(sought: Sought, keys: list) -> list[Match]:
    if not keys:
        return []
    found, number = select_rows(db.engine.dialect, keys=keys)
    return _rank(sought, found.where(*sought.conditions), number)


def _rank(sought: Sought, statement: Select, number) -> list[Match]:
    columns = (
        Memory.id,
        Memory.created_at,
        Memory.title,
        func.substr(Memory.text, 1, _RANKED_LENGTH).label("beginning"),
        (null() if number is None else number).label("number"),
    )
    dialect = db.engine.dialect
    matches = [
        Match(row.id, read_mark(dialect, row.number, row), score(sought.words, row.title, row.beginning))
        for row in db.session.execute(statement.with_only_columns(*columns))
    ]
    return sorted(matches, key=lambda match: (match.score, match.mark), reverse=True)
