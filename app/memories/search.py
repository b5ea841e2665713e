"""Memories within reach: the newest first, or those with certain words, the best first. A page at a time.

What is within reach is asked of the database with every page (see ``reach``); nothing here widens it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, literal, null, or_, select, tuple_, union_all
from sqlalchemy.orm import joinedload, selectinload

from app.database import UtcDateTime
from app.extensions import db
from app.memories.built_in import ALL
from app.memories.contents import memories_of_mementos
from app.memories.models import Integration, Memento, MementoContent, Memory, MemoryTag
from app.memories.reach import Reach, readable_memories
from app.memories.search_index import (
    Mark,
    Place,
    Words,
    is_as_new,
    is_between,
    is_mark,
    is_older,
    is_time_and_id,
    read_mark,
    select_newest,
    time_and_id,
)
from app.memories.words import score

#: So many of the newest matches are ranked against each other; then come the next so many, and so on. The cost of a
#: page so does not grow with the number of matches.
WINDOW = 100
# How much of a text is looked at to rank it.
_RANKED_LENGTH = 2000
# More places than this are looked for as the whole integrations of their owner.
_MOST_PLACES = 400
# So many memories are few enough to be sorted, however many others there are.
_FEW = 3_000
# More places than this are not looked at one by one to find out.
_MOST_PLACES_APART = 40


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows a list: ``begin`` is included, ``end`` is not. None narrows nothing."""

    memento_id: str | None = None
    integration_id: str | None = None
    integration_kind: str | None = None
    tag: str | None = None
    begin: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some memories in their order, and a position from which the next page goes on; None at the end."""

    memories: Sequence[Memory]
    position: Any = None


class UnusablePosition(ValueError):
    """A position that no page has ended at."""


def list_memories(reach: Reach, filters: Filters, limit: int, after: Any = None) -> Page:
    """The newest memories first. ``after`` is an earlier page's position; raises :class:`UnusablePosition`."""
    statement = _select_newest_ids(reach, filters)
    if after is not None:
        if not is_time_and_id(after):
            raise UnusablePosition
        created_at = literal(datetime.fromisoformat(after[0]), UtcDateTime())
        statement = statement.where(tuple_(Memory.created_at, Memory.id) < tuple_(created_at, literal(after[1])))
    ids = list(db.session.scalars(statement.limit(limit + 1)))
    memories = load_memories(ids[:limit])
    last = memories[-1] if len(ids) > limit else None
    return Page(memories, None if last is None else time_and_id(last))


def list_memories_from(reach: Reach, filters: Filters, offset: int, limit: int) -> list[Memory]:
    """The newest memories first, without those that come before ``offset``."""
    statement = _select_newest_ids(reach, filters)
    return load_memories(list(db.session.scalars(statement.offset(offset).limit(limit))))


def search_memories(reach: Reach, words: Words, filters: Filters, limit: int, after: Any = None) -> Page:
    """The memories with these words: of each :data:`WINDOW` of the newest matches the best first.

    ``limit`` is at most the window. What is added later is newer than the windows of a search that has begun, and so
    does not disturb its pages. Raises :class:`UnusablePosition`.
    """
    position = None if after is None else _read_position(after)
    places = _find_places(reach, filters)
    found: list[_Match] = []
    while places and len(found) < limit:
        window = _find_window(reach, words, filters, places, position)
        ranked = sorted(window, key=lambda match: (match.score, match.mark), reverse=True)
        rest = [match for match in ranked if position is None or position.is_before(match)]
        found += (taken := rest[: limit - len(found)])
        if len(taken) < len(rest):
            return _page(found, _Position(window[0].mark, window[-1].mark, taken[-1].score, taken[-1].mark))
        # A position inside a window knows both its ends, so that what is deleted meanwhile lets nothing slip in.
        bottom = position.bottom if position and position.bottom is not None else window[-1].mark if window else None
        if bottom is None or (len(window) < WINDOW and (position is None or position.bottom is None)):
            return _page(found, None)
        position = _Position(bottom)
    return _page(found, position if places else None)


def load_memories(ids: Sequence[str]) -> list[Memory]:
    """The memories of these ids in their order, with integrations and tags, in two queries."""
    if not ids:
        return []
    statement = (
        select(Memory)
        .where(Memory.id.in_(ids))
        .options(joinedload(Memory.integration), selectinload(Memory.tags))
        .execution_options(populate_existing=True)
    )
    by_id = {memory.id: memory for memory in db.session.scalars(statement)}
    return [by_id[id] for id in ids if id in by_id]


def _select_newest_ids(reach: Reach, filters: Filters) -> Select:
    """The ids of all memories within reach and filters, newest first."""
    statement = select(Memory.id).where(readable_memories(reach), *_conditions(reach, filters))
    few = _select_few(reach, filters)
    if few is not None:
        statement = statement.where(Memory.id.in_(few))
    return statement.order_by(Memory.created_at.desc(), Memory.id.desc())


def _select_few(reach: Reach, filters: Filters) -> Select | None:
    """Where there are few memories, all their ids, and perhaps more; None where there are many.

    Many are best read by walking back in time until a page is full. Few would be looked for among all the others.
    """
    if reach.user_id is None or (reach.everything and filters.integration_id is None):
        return None
    places = _find_places(reach, filters)
    if len(places) > _MOST_PLACES_APART:
        return None
    arms = [select(Memory.id).where(condition) for condition in _conditions_of(places)]
    if not arms:
        return select(Memory.id).where(false())
    together = union_all(*arms).subquery()
    counted = select(func.count()).select_from(select(together.c.id).limit(_FEW + 1).subquery())
    return select(together.c.id) if db.session.scalar(counted) <= _FEW else None


def _conditions_of(places: list[Place]) -> list[ColumnElement[bool]]:
    """For each kind of place a condition that an index answers."""
    whole = [place.integration_id for place in places if place.memory_id is None and place.folder is None]
    single = [place.memory_id for place in places if place.memory_id is not None]
    conditions = [Memory.integration_id.in_(whole)] if whole else []
    conditions += [Memory.id.in_(single)] if single else []
    for place in places:
        if place.folder is not None:
            folder = or_(
                Memory.folder == place.folder,
                # "0" is the character after "/".
                and_(Memory.folder >= place.folder + "/", Memory.folder < place.folder + "0"),
            )
            conditions.append(and_(Memory.integration_id == place.integration_id, folder))
    return conditions


def _conditions(reach: Reach, filters: Filters) -> list[ColumnElement[bool]]:
    conditions = []
    if filters.memento_id is not None and filters.memento_id != (ALL.id if reach.everything else None):
        # A memento that the app was not given tells nothing, not even about memories it reaches otherwise.
        known = [filters.memento_id] if filters.memento_id in reach.readable else []
        conditions.append(memories_of_mementos(known))
    if filters.integration_id is not None:
        conditions.append(Memory.integration_id == filters.integration_id)
    if filters.integration_kind is not None:
        kinds = select(Integration.id).where(Integration.kind == filters.integration_kind)
        conditions.append(Memory.integration_id.in_(kinds))
    if filters.tag is not None:
        conditions.append(Memory.id.in_(select(MemoryTag.memory_id).where(MemoryTag.tag == filters.tag)))
    if filters.begin is not None:
        conditions.append(Memory.created_at >= filters.begin)
    if filters.end is not None:
        conditions.append(Memory.created_at < filters.end)
    return conditions


# -- searching -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Match:
    id: str
    mark: Mark
    score: int


@dataclass(frozen=True, slots=True)
class _Position:
    """Inside a window whose ends are known, after the match of ``score`` and ``mark``; or below ``top``, where the
    next window begins, when there is nothing but that."""

    top: Mark
    bottom: Mark | None = None
    score: int | None = None
    mark: Mark | None = None

    def is_before(self, match: _Match) -> bool:
        return self.bottom is None or (match.score, match.mark) < (self.score, self.mark)


def _read_position(after: Any) -> _Position:
    dialect = db.engine.dialect
    if not (isinstance(after, list) and len(after) in (1, 4) and is_mark(dialect, after[0])):
        raise UnusablePosition
    if len(after) == 4 and not (is_mark(dialect, after[1]) and type(after[2]) is int and is_mark(dialect, after[3])):
        raise UnusablePosition
    return _Position(*after)


def _page(found: list[_Match], position: _Position | None) -> Page:
    memories = load_memories([match.id for match in found])
    if position is None:
        return Page(memories)
    inside = position.bottom is not None
    return Page(memories, [position.top, position.bottom, position.score, position.mark] if inside else [position.top])


def _find_places(reach: Reach, filters: Filters) -> list[Place]:
    """Where the index is to look: at least everywhere within reach. The exact condition is asked as well."""
    if filters.integration_id is not None:
        return [Place(filters.integration_id)]
    if reach.user_id is None:
        return _integrations(Integration.organization_id == reach.organization_id)
    if reach.everything and filters.memento_id in (None, ALL.id):
        return _integrations(Integration.user_id == reach.user_id)
    memento_ids = reach.readable if filters.memento_id is None else [filters.memento_id]
    picks = db.session.execute(
        select(MementoContent.integration_id, MementoContent.folder, MementoContent.memory_id)
        .join(Memento, Memento.id == MementoContent.memento_id)
        .where(Memento.user_id == reach.user_id, Memento.id.in_(memento_ids))
        .distinct()
        .limit(_MOST_PLACES + 1)
    ).all()
    if len(picks) > _MOST_PLACES:
        return _integrations(Integration.user_id == reach.user_id)
    return [Place(*pick) for pick in picks]


def _integrations(condition: ColumnElement[bool]) -> list[Place]:
    return [Place(id) for id in db.session.scalars(select(Integration.id).where(condition))]


def _find_window(
    reach: Reach, words: Words, filters: Filters, places: list[Place], position: _Position | None
) -> list[_Match]:
    """The matches of the window in which the position is; of the first one without. Newest first."""
    dialect = db.engine.dialect
    statement, number = select_newest(dialect, words, places)
    statement = statement.where(
        readable_memories(reach),
        *_conditions(reach, filters),
        *is_between(dialect, filters.begin, filters.end),
    )
    if position is not None:
        statement = statement.where(is_older(dialect, position.top, or_same=position.bottom is not None))
        if position.bottom is not None:
            statement = statement.where(is_as_new(dialect, position.bottom))
    columns = (
        Memory.id,
        Memory.created_at,
        Memory.title,
        func.substr(Memory.text, 1, _RANKED_LENGTH).label("beginning"),
    )
    number = (null() if number is None else number).label("number")
    rows = db.session.execute(statement.with_only_columns(*columns, number).limit(WINDOW))
    return [_Match(row.id, read_mark(dialect, row.number, row), score(words, row.title, row.beginning)) for row in rows]
