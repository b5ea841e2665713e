"""Finding the memories that a search means, and ranking them: the best of all, or a window of the newest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Row, Select, func, null

from app.extensions import db
from app.memories.models import Memory
from app.memories.positions import Position
from app.memories.search_index import (
    RANKING_IS_DEAR,
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
    rows = None
    if RANKING_IS_DEAR[db.engine.dialect.name]:
        rows = _find_keys(sought, of_newest=few, limit=few, is_ranked=False)
    if rows is None or len(rows) == few:
        rows = _find_keys(sought, of_newest=of_newest, limit=few)
    if len(rows) < few:
        return _load(sought, rows), None
    return _load(sought, rows[:most]), read_newest(db.engine.dialect, rows[0].newest)


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


def _find_keys(sought: Sought, *, limit: int, **how) -> Sequence[Row]:
    dialect = db.engine.dialect
    bounds = is_between(dialect, sought.begin, sought.end)
    statement = select_best(
        dialect,
        sought.words,
        sought.places,
        sought.conditions,
        owned=sought.owned,
        is_wider=sought.is_wider,
        bounds=bounds,
        **how,
    )
    return db.session.execute(statement.limit(limit)).all()


def _load(sought: Sought, rows: Sequence[Row]) -> list[Match]:
    if not rows:
        return []
    found, number = select_rows(db.engine.dialect, keys=[row.key for row in rows])
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
