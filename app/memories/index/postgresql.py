"""PostgreSQL's index: the column ``memories.search_vector``, in which each place is a lexeme beside the words'."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    String,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.database.types import UtcDateTime
from app.folding import is_beginning, question_words
from app.memories.index.interface import Best, Rows, SearchIndex
from app.memories.index.marks import BEHIND_ALL, Mark, is_time_and_id, time_and_id
from app.memories.index.sought import Place, Sought, Words
from app.memories.models import Memory

_VECTOR: ColumnElement[Any] = literal_column("memories.search_vector")


class PostgresqlIndex(SearchIndex):
    """A mark is a time and an id."""

    def find_best(self, session: Session, sought: Sought, *, of_newest: int, most: int, few: int) -> Best:
        rows = session.execute(_select_best(sought, of_newest).limit(few)).all()
        keys = [row.key for row in rows]
        if len(rows) < few:
            return Best(keys)
        return Best(keys[:most], [rows[0].newest.isoformat(timespec="microseconds"), BEHIND_ALL])

    def select_newest(self, sought: Sought) -> Rows:
        return Rows(_select_matches(sought).where(*sought.conditions), None)

    def select_rows(self, keys: Iterable[Any] | None = None) -> Rows:
        statement = select(Memory)
        return Rows(statement if keys is None else statement.where(Memory.id.in_(keys)), None)

    def is_older(self, mark: Mark, *, or_same: bool = False) -> ColumnElement[bool]:
        ours, theirs = _both_sides(mark)
        return ours <= theirs if or_same else ours < theirs

    def is_as_new(self, mark: Mark) -> ColumnElement[bool]:
        ours, theirs = _both_sides(mark)
        return ours >= theirs

    def read_mark(self, row: Row[Any]) -> Mark:
        return time_and_id(row)

    def is_mark(self, value: Any) -> bool:
        return is_time_and_id(value)


def _select_best(sought: Sought, of_newest: int) -> Select[Any]:
    """Rows of ``key, newest`` of the newest so many matches, the best first."""
    # The owner is named in any case, so that walking back in time stays a choice.
    hits = _select_matches(sought).where(sought.owned, *(sought.conditions if sought.is_wider else ()))
    columns = (Memory.id.label("key"), Memory.created_at.label("time"))
    rank = func.ts_rank(_VECTOR, _sought(sought.words)).label("rank")
    ranked = hits.with_only_columns(*columns, rank).limit(of_newest).subquery("hits")
    order = (ranked.c.rank.desc(), ranked.c.time.desc(), ranked.c.key.desc())
    return select(ranked.c.key, func.max(ranked.c.time).over().label("newest")).order_by(*order)


def _select_matches(sought: Sought) -> Select[Any]:
    matches = _VECTOR.op("@@")(_tsquery(sought.words, sought.places))
    return select(Memory).where(matches).order_by(Memory.created_at.desc(), Memory.id.desc())


def _both_sides(mark: Mark) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    assert isinstance(mark, list)
    created_at = literal(datetime.fromisoformat(mark[0]), UtcDateTime())
    return tuple_(Memory.created_at, Memory.id), tuple_(created_at, literal(mark[1]))


def _tsquery(words: Words, places: Iterable[Place]) -> ColumnElement[Any]:
    somewhere = " | ".join(f"'{lexeme}'" for lexeme in map(_lexeme, places))
    return cast(_shown_to_planner(somewhere), postgresql.TSQUERY).op("&&")(_sought(words).self_group())


def _sought(words: Words) -> ColumnElement[Any]:
    phrases = [_phrase(phrase) for phrase in words.phrases]
    joint = "||" if words.any_is_enough else "&&"
    sought = phrases[0]
    for phrase in phrases[1:]:
        sought = sought.op(joint)(phrase)
    return sought


def _phrase(runs: tuple[str, ...]) -> ColumnElement[Any]:
    words = question_words(runs)
    is_prefix: ColumnElement[Any] = literal_column("true" if is_beginning(words[-1]) else "false")
    return func.memory_search_phrase(_shown_to_planner(" ".join(words)), is_prefix, type_=postgresql.TSQUERY)


def _shown_to_planner(text: str) -> ColumnElement[str]:
    # A value that comes beside the statement is unknown to a prepared plan, and how common a word is decides
    # whether to look it up in the index or to walk back in time.
    return bindparam(None, text, String, literal_execute=True)


def _lexeme(place: Place) -> str:
    if place.memory_id is not None:
        return place.memory_id.replace("'", "").replace("\\", "")
    path = f"{place.integration_id}/{place.folder or ''}"
    return hashlib.sha256(path.encode()).hexdigest()[:32]
