"""The full-text index in the database: how to ask it for the newest memories with certain words, in certain places.

Migrations make it and the database keeps it, from the words that :mod:`app.folding` makes of a title and a
text. On SQLite it is the FTS5 table ``memory_search``, whose rows are numbered by time; ``memory_search_rows`` says
which memory each is. On PostgreSQL it is the column ``memories.search_vector``. Both look for stems of English words.

A place is an integration, a folder of one, or a single memory. Places are indexed beside the words, so that what
other people keep, or what lies in other mementos, costs a search nothing.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Dialect,
    Integer,
    Select,
    String,
    Subquery,
    bindparam,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
    table,
    tuple_,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from app.database.types import UtcDateTime
from app.folding import is_beginning, question_words
from app.memories.models import Memory

#: Where a memory stands in time, newest last: what a page goes on from. JSON can hold it.
Mark = int | list[str]

_HITS = table("memory_search", column("rowid"))
_ROWS = table("memory_search_rows", column("id"), column("memory_id"))
_FTS5 = literal_column("memory_search")
_VECTOR = literal_column("memories.search_vector")
# As the migration numbers them.
_PLACES_A_MILLISECOND = 1 << 20
# How much a word counts in each. FTS5 keeps no lengths of texts here and takes a negative number for each, which can
# turn its formula around. With weights as small as these the formula's absolute value is, but for a factor, how often
# the words are there, the rarer ones counting more.
_TITLE_AND_TEXT = (50e-6, 1e-6)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What SQLite can hold as a number.
_LARGEST = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Place:
    """An integration, with or without a folder (which includes what lies below it), or a single memory."""

    integration_id: str | None
    folder: str | None = None
    memory_id: str | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """What is looked for: each of the phrases, or any of them. A phrase is runs that stand next to each other.

    A run is what :func:`app.folding.fold` makes of a text.
    """

    phrases: tuple[tuple[str, ...], ...]
    any_is_enough: bool = False

    def together(self) -> "Words":
        """All of them next to each other."""
        return Words((tuple(word for phrase in self.phrases for word in phrase),))


def is_part_of_index(name: str | None, kind: str) -> bool:
    """Whether a thing in the database, of Alembic's ``kind``, belongs to the index, which no model describes."""
    parts = {"table": "memory_search", "column": "search_vector", "index": "ix_memories_search_vector"}
    return kind in parts and (name or "").startswith(parts[kind])


def select_newest(dialect: Dialect, words: Words, places: Iterable[Place]) -> tuple[Select, Any]:
    """A ``SELECT`` of :class:`Memory` that have the words and are in one of the places, newest first.

    With it comes an expression for the memory's :data:`Mark`, by which ``SELECT``s are bounded, see :func:`is_older`.
    """
    if dialect.name == "sqlite":
        return _select_from_fts5(words, places)
    matches = _VECTOR.op("@@")(_tsquery(words, places))
    return select(Memory).where(matches).order_by(Memory.created_at.desc(), Memory.id.desc()), None


#: Whether it costs much to rank even a few matches, so that their number is worth a look first: FTS5 counts through
#: all that it knows of each word and place. Nor does it see which words stand next to each other, as PostgreSQL does.
RANKS_POORLY = {"sqlite": True, "postgresql": False}


def select_best(
    dialect: Dialect,
    words: Words,
    places: Iterable[Place],
    *,
    begin: datetime | None,
    end: datetime | None,
    of_newest: int,
    most: int,
    is_ranked: bool = True,
    owned: ColumnElement[bool],
    conditions: Iterable[ColumnElement[bool]] | None,
) -> tuple[Select, dict[str, Any]]:
    """Rows of ``key, newest`` of the newest so many matches, the best first as the database sees it; and values for it.

    ``key`` is for :func:`select_rows`, and ``newest`` for :func:`read_newest`: that of the first row, and where the
    database ranks poorly, of the first row unranked. Without ``conditions`` the places alone decide, and what is exact
    is for the caller to ask once more; ``owned`` is a condition on whose they are.
    """
    if dialect.name == "sqlite" and conditions is None:
        # A look at the memories themselves would cost most.
        values = {
            "expression": _fts5_expression(words, places),
            "least": -_LARGEST if begin is None else _first_number(begin),
            "beyond": _LARGEST if end is None else _first_number(end) + _PLACES_A_MILLISECOND,
            "of_newest": of_newest,
            "most": most,
        }
        return _select_best_of_fts5(is_ranked), values
    statement, number = select_newest(dialect, words, places)
    if dialect.name == "sqlite":
        rank, columns = _fts5_rank(), (number.label("key"), number.label("time"))
    else:
        # The owner is named in any case, so that walking back in time stays a choice.
        rank = func.ts_rank(_VECTOR, _sought(words))
        columns = (Memory.id.label("key"), Memory.created_at.label("time"))
    hits = statement.where(owned, *(conditions or ()), *is_between(dialect, begin, end))
    hits = hits.with_only_columns(*columns, (rank if is_ranked else literal(0)).label("rank")).limit(of_newest)
    hits = hits.subquery("hits")
    newest = hits.c.time if dialect.name == "sqlite" else func.max(hits.c.time).over()
    return _select_best_of(hits, newest).limit(most), {}


def _select_best_of(hits: Subquery, newest: ColumnElement) -> Select:
    order = (hits.c.rank.desc(), hits.c.time.desc(), hits.c.key.desc())
    return select(hits.c.key, newest.label("newest")).order_by(*order)


def read_newest(dialect: Dialect, newest: Any) -> Mark | None:
    """The mark of the newest match of a :func:`select_best`; None for None."""
    if newest is None or dialect.name == "sqlite":
        return newest
    # "~" comes after whatever an id is made of.
    return [newest.isoformat(timespec="microseconds"), "~"]


def select_rows(dialect: Dialect, keys: Iterable[Any] | None = None) -> tuple[Select, Any]:
    """A ``SELECT`` of :class:`Memory`, of all or those with the keys, and an expression as of :func:`select_newest`."""
    if dialect.name == "sqlite":
        statement = select(Memory).select_from(_ROWS.join(Memory, Memory.id == _ROWS.c.memory_id))
        return statement if keys is None else statement.where(_ROWS.c.id.in_(keys)), _ROWS.c.id
    statement = select(Memory)
    return statement if keys is None else statement.where(Memory.id.in_(keys)), None


def read_mark(dialect: Dialect, number: int | None, memory) -> Mark:
    """The mark of a row of :func:`select_newest`; ``number`` is the value of the expression that came with it."""
    return number if dialect.name == "sqlite" else time_and_id(memory)


def is_mark(dialect: Dialect, value: Any) -> bool:
    """Whether something that came from outside can be a mark."""
    if dialect.name == "sqlite":
        return type(value) is int and abs(value) <= _LARGEST
    return is_time_and_id(value)


def time_and_id(memory) -> list[str]:
    """Where a memory stands in a list of the newest first, as JSON can hold it."""
    return [memory.created_at.isoformat(timespec="microseconds"), memory.id]


def is_time_and_id(value: Any) -> bool:
    """Whether something that came from outside can be a :func:`time_and_id`."""
    if not (isinstance(value, list) and len(value) == 2 and all(isinstance(part, str) for part in value)):
        return False
    try:
        instant = datetime.fromisoformat(value[0])
    except ValueError:
        return False
    # A year at either end of the calendar may leave it when it is converted to UTC.
    return instant.tzinfo is not None and 1 < instant.year < 9999 and value[1].isascii() and value[1].isprintable()


def is_older(dialect: Dialect, mark: Mark, *, or_same: bool = False) -> ColumnElement[bool]:
    """Whether a row of :func:`select_newest` stands before the mark in time."""
    ours, theirs = _both_sides(dialect, mark)
    return ours <= theirs if or_same else ours < theirs


def is_as_new(dialect: Dialect, mark: Mark) -> ColumnElement[bool]:
    """Whether a row of :func:`select_newest` stands at the mark or after it."""
    ours, theirs = _both_sides(dialect, mark)
    return ours >= theirs


def is_between(dialect: Dialect, begin: datetime | None, end: datetime | None) -> list[ColumnElement[bool]]:
    """What of a range of time the index itself can look for; the exact range is to be asked as well."""
    if dialect.name != "sqlite":
        return []
    number = _HITS.c.rowid
    bounds = [] if begin is None else [number >= _first_number(begin)]
    return bounds if end is None else [*bounds, number < _first_number(end) + _PLACES_A_MILLISECOND]


def _both_sides(dialect: Dialect, mark: Mark):
    if dialect.name == "sqlite":
        return _HITS.c.rowid, literal(mark)
    created_at = literal(datetime.fromisoformat(mark[0]), UtcDateTime())
    return tuple_(Memory.created_at, Memory.id), tuple_(created_at, literal(mark[1]))


def _first_number(instant: datetime) -> int:
    milliseconds = (instant - _EPOCH) // timedelta(milliseconds=1)
    return max(-_LARGEST, min(milliseconds * _PLACES_A_MILLISECOND, _LARGEST - _PLACES_A_MILLISECOND))


# -- SQLite ----------------------------------------------------------------------------------------


def _select_from_fts5(words: Words, places: Iterable[Place]) -> tuple[Select, Any]:
    rows = _HITS.join(_ROWS, _ROWS.c.id == _HITS.c.rowid).join(Memory, Memory.id == _ROWS.c.memory_id)
    matches = _FTS5.op("MATCH")(literal(_fts5_expression(words, places)))
    return select(Memory).select_from(rows).where(matches).order_by(_HITS.c.rowid.desc()), _HITS.c.rowid


@cache
def _select_best_of_fts5(is_ranked: bool) -> Select:
    """Built once, because building it costs more than running it for a rare word."""
    number = _HITS.c.rowid
    rank = _fts5_rank() if is_ranked else literal(0)
    hits = (
        select(number.label("key"), number.label("time"), rank.label("rank"))
        .where(
            _FTS5.op("MATCH")(bindparam("expression", type_=String)),
            number >= bindparam("least", type_=BigInteger),
            number < bindparam("beyond", type_=BigInteger),
        )
        .order_by(number.desc())
        .limit(bindparam("of_newest", type_=Integer))
        .subquery("hits")
    )
    return _select_best_of(hits, hits.c.time).limit(bindparam("most", type_=Integer))


def _fts5_rank() -> ColumnElement:
    return func.abs(func.bm25(_FTS5, 0, 0, *_TITLE_AND_TEXT))


def _fts5_expression(words: Words, places: Iterable[Place]) -> str:
    return f"({' OR '.join(map(_fts5_place, places))}) AND ({_fts5_words(words)})"


def _fts5_words(words: Words) -> str:
    joint = " OR " if words.any_is_enough else " AND "
    return joint.join(f"{{title text}} : {_fts5_phrase(phrase)}" for phrase in words.phrases)


def _fts5_phrase(runs: tuple[str, ...]) -> str:
    words = question_words(runs)
    return _quote(" ".join(words)) + (" *" if is_beginning(words[-1]) else "")


def _fts5_place(place: Place) -> str:
    if place.memory_id is not None:
        return f"memory : {_quote(place.memory_id.replace('_', ''))}"
    # The folder's words follow the integration's, so a phrase finds it and what lies below it.
    return f"place : {_quote(place.integration_id.replace('_', '') + ' ' + (place.folder or ''))}"


def _quote(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


# -- PostgreSQL ------------------------------------------------------------------------------------


def _tsquery(words: Words, places: Iterable[Place]) -> ColumnElement:
    somewhere = " | ".join(f"'{lexeme}'" for lexeme in map(_lexeme, places))
    return cast(_shown_to_planner(somewhere), TSQUERY).op("&&")(_sought(words).self_group())


def _sought(words: Words) -> ColumnElement:
    phrases = [_phrase(phrase) for phrase in words.phrases]
    joint = "||" if words.any_is_enough else "&&"
    sought = phrases[0]
    for phrase in phrases[1:]:
        sought = sought.op(joint)(phrase)
    return sought


def _phrase(runs: tuple[str, ...]) -> ColumnElement:
    words = question_words(runs)
    is_prefix = literal_column("true" if is_beginning(words[-1]) else "false")
    return func.memory_search_phrase(_shown_to_planner(" ".join(words)), is_prefix, type_=TSQUERY)


def _shown_to_planner(text: str) -> ColumnElement[str]:
    # A value that comes beside the statement is unknown to a prepared plan, and how common a word is decides
    # whether to look it up in the index or to walk back in time.
    return bindparam(None, text, String, literal_execute=True)


def _lexeme(place: Place) -> str:
    if place.memory_id is not None:
        return place.memory_id.replace("'", "").replace("\\", "")
    path = f"{place.integration_id}/{place.folder or ''}"
    return hashlib.sha256(path.encode()).hexdigest()[:32]
