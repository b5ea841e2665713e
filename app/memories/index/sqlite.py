"""SQLite's index: the FTS5 table ``memory_search``, whose rows are numbered by time."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Row,
    Select,
    String,
    Subquery,
    bindparam,
    column,
    func,
    literal,
    literal_column,
    select,
    table,
)
from sqlalchemy.orm import Session

from app.folding import is_beginning, question_words
from app.memories.index.in_order import InOrder
from app.memories.index.interface import Best, Rows, SearchIndex
from app.memories.index.marks import Mark
from app.memories.index.sought import Place, Sought, Words
from app.memories.models import Memory

_HITS = table("memory_search", column("rowid"))
_ROWS = table("memory_search_rows", column("id"), column("memory_id"))
_number = _HITS.c.rowid
_FTS5: ColumnElement[Any] = literal_column("memory_search")
# As the migration numbers them.
_PLACES_A_MILLISECOND = 1 << 20
# How much a word counts in each. FTS5 keeps no lengths of texts here and takes a negative number for each, which can
# turn its formula around. With weights as small as these the formula's absolute value is, but for a factor, how often
# the words are there, the rarer ones counting more.
_TITLE_AND_TEXT = (50e-6, 1e-6)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What SQLite can hold as a number.
_LARGEST = (1 << 63) - 1
# So many that have the words next to each other are among the best in any case.
_MOST_TOGETHER = 20


class SqliteIndex(SearchIndex):
    """A mark is the number of a row."""

    def find_best(self, session: Session, sought: Sought, *, of_newest: int, most: int, few: int) -> Best:
        # FTS5 counts through all that it knows of each word and place to rank even a few matches, so their number is
        # worth a look first. Nor does it see which words stand next to each other.
        newest = _find(session, sought, of_newest=few, most=few, is_ranked=False)
        if len(newest) < few:
            return Best([row.key for row in newest])
        rows = _find(session, sought, of_newest=of_newest, most=most)
        keys = dict.fromkeys(row.key for row in [*_find_together(session, sought), *rows])
        return Best(list(keys)[:most], newest[0].newest)

    def select_newest(self, sought: Sought) -> Rows:
        statement = _select_hits(sought).where(*sought.conditions, *_between(sought))
        return Rows(statement, _number)

    def select_rows(self, keys: Iterable[Any] | None = None) -> Rows:
        statement = select(Memory).select_from(InOrder(_ROWS, Memory.__table__, Memory.id == _ROWS.c.memory_id))
        return Rows(statement if keys is None else statement.where(_ROWS.c.id.in_(keys)), _ROWS.c.id)

    def is_older(self, mark: Mark, *, or_same: bool = False) -> ColumnElement[bool]:
        return _number <= literal(mark) if or_same else _number < literal(mark)

    def is_as_new(self, mark: Mark) -> ColumnElement[bool]:
        return _number >= literal(mark)

    def read_mark(self, row: Row[Any]) -> Mark:
        number: int = row.number
        return number

    def is_mark(self, value: Any) -> bool:
        return type(value) is int and abs(value) <= _LARGEST


def _find_together(session: Session, sought: Sought) -> Sequence[Row[Any]]:
    """The newest that have the words next to each other, where there are several words."""
    if len(sought.words.phrases) == 1:
        return []
    return _find(session, sought.together(), of_newest=_MOST_TOGETHER, most=_MOST_TOGETHER, is_ranked=False)


def _find(session: Session, sought: Sought, *, of_newest: int, most: int, is_ranked: bool = True) -> Sequence[Row[Any]]:
    """Rows of ``key, newest`` of the newest so many matches, the best first; unranked, the newest first."""
    if sought.is_wider:
        statement, values = _select_exactly(sought, of_newest, is_ranked).limit(most), {}
    else:
        # The places alone decide: a look at the memories themselves would cost most. The caller asks once more.
        statement = _select_by_places(is_ranked)
        values = {
            "expression": _expression(sought),
            "least": -_LARGEST if sought.begin is None else _first_number(sought.begin),
            "beyond": _LARGEST if sought.end is None else _first_number(sought.end) + _PLACES_A_MILLISECOND,
            "of_newest": of_newest,
            "most": most,
        }
    return session.execute(statement, values).all()


@cache
def _select_by_places(is_ranked: bool) -> Select[Any]:
    """Built once, because building it costs more than running it for a rare word."""
    hits = (
        select(_number.label("key"), _number.label("time"), _rank(is_ranked))
        .where(
            _FTS5.op("MATCH")(bindparam("expression", type_=String)),
            _number >= bindparam("least", type_=BigInteger),
            _number < bindparam("beyond", type_=BigInteger),
        )
        .order_by(_number.desc())
        .limit(bindparam("of_newest", type_=Integer))
        .subquery("hits")
    )
    return _best_of(hits).limit(bindparam("most", type_=Integer))


def _select_exactly(sought: Sought, of_newest: int, is_ranked: bool) -> Select[Any]:
    hits = _select_hits(sought).where(sought.owned, *sought.conditions, *_between(sought))
    columns = (_number.label("key"), _number.label("time"), _rank(is_ranked))
    return _best_of(hits.with_only_columns(*columns).limit(of_newest).subquery("hits"))


def _best_of(hits: Subquery) -> Select[Any]:
    order = (hits.c.rank.desc(), hits.c.time.desc(), hits.c.key.desc())
    return select(hits.c.key, hits.c.time.label("newest")).order_by(*order)


def _rank(is_ranked: bool) -> ColumnElement[Any]:
    rank = func.abs(func.bm25(_FTS5, 0, 0, *_TITLE_AND_TEXT)) if is_ranked else literal(0)
    return rank.label("rank")


def _select_hits(sought: Sought) -> Select[Any]:
    rows = _HITS.join(_ROWS, _ROWS.c.id == _number).join(Memory, Memory.id == _ROWS.c.memory_id)
    matches = _FTS5.op("MATCH")(literal(_expression(sought)))
    return select(Memory).select_from(rows).where(matches).order_by(_number.desc())


def _between(sought: Sought) -> list[ColumnElement[bool]]:
    """What of a range of time the index itself can look for; the exact range is among the conditions."""
    bounds = [] if sought.begin is None else [_number >= _first_number(sought.begin)]
    return bounds if sought.end is None else [*bounds, _number < _first_number(sought.end) + _PLACES_A_MILLISECOND]


def _first_number(instant: datetime) -> int:
    milliseconds = (instant - _EPOCH) // timedelta(milliseconds=1)
    return max(-_LARGEST, min(milliseconds * _PLACES_A_MILLISECOND, _LARGEST - _PLACES_A_MILLISECOND))


def _expression(sought: Sought) -> str:
    return f"({' OR '.join(map(_place, sought.places))}) AND ({_words(sought.words)})"


def _words(words: Words) -> str:
    joint = " OR " if words.any_is_enough else " AND "
    return joint.join(f"{{title text}} : {_phrase(phrase)}" for phrase in words.phrases)


def _phrase(runs: tuple[str, ...]) -> str:
    words = question_words(runs)
    return _quote(" ".join(words)) + (" *" if is_beginning(words[-1]) else "")


def _place(place: Place) -> str:
    if place.memory_id is not None:
        return f"memory : {_quote(place.memory_id.replace('_', ''))}"
    # The folder's words follow the integration's, so a phrase finds it and what lies below it.
    return f"place : {_quote((place.integration_id or '').replace('_', '') + ' ' + (place.folder or ''))}"


def _quote(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
