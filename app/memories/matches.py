"""Finding the memories that a search means, and ranking them: the best of all, or a window of the newest."""

from collections.abc import Iterable

from msgspec import Struct
from sqlalchemy import func, null
from sqlalchemy.orm import Session

from app.memories.index import Rows, Sought, index_of
from app.memories.index.marks import Mark
from app.memories.models import Memory
from app.memories.positions import Position
from app.memories.words import score

# How much of a text is looked at to rank it.
_RANKED_LENGTH = 2000


class Match(Struct, frozen=True):
    """A memory that has the words. Its score depends on nothing else, see :func:`app.memories.words.score`."""

    id: str
    mark: Mark
    score: int


def find_best(
    session: Session, sought: Sought, *, of_newest: int, most: int, few: int
) -> tuple[list[Match], Mark | None]:
    """Returns the best of the newest so many matches, and the mark of the newest.

    All matches, and no mark, when they are fewer than ``few``.
    """
    index = index_of(session)
    best = index.find_best(session, sought, of_newest=of_newest, most=most, few=few)
    return (_rank(session, sought, index.select_rows(best.keys)) if best.keys else []), best.newest


def find_those(session: Session, sought: Sought, ids: Iterable[str]) -> list[Match]:
    """Returns the memories of these ids that are still within the conditions, the best first."""
    rows = index_of(session).select_rows()
    return _rank(session, sought, Rows(rows.statement.where(Memory.id.in_(list(ids))), rows.number))


def find_window(session: Session, sought: Sought, position: Position, *, size: int) -> list[Match]:
    """Returns the matches of the window in which the position is, or which begins there; the best first."""
    index = index_of(session)
    rows = index.select_newest(sought)
    statement = rows.statement.where(index.is_older(position.top, or_same=position.is_within))
    if position.bottom is not None:
        statement = statement.where(index.is_as_new(position.bottom))
    return _score(session, sought, Rows(statement.limit(size), rows.number))


def _rank(session: Session, sought: Sought, rows: Rows) -> list[Match]:
    """Those of the rows that are within the conditions, the best first."""
    return _score(session, sought, Rows(rows.statement.where(*sought.conditions), rows.number))


def _score(session: Session, sought: Sought, rows: Rows) -> list[Match]:
    columns = (
        Memory.id,
        Memory.created_at,
        Memory.title,
        func.substr(Memory.text, 1, _RANKED_LENGTH).label("beginning"),
        (null() if rows.number is None else rows.number).label("number"),
    )
    index = index_of(session)
    matches = [
        Match(row.id, index.read_mark(row), score(sought.words, row.title, row.beginning))
        for row in session.execute(rows.statement.with_only_columns(*columns))
    ]
    return sorted(matches, key=lambda match: (match.score, match.mark), reverse=True)
