"""Memories within reach: the newest first, or those with certain words, the best first. A page at a time.

What is within reach is asked of the database with every page (see ``reach``); nothing here widens it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, Select, and_, false, func, literal, select, tuple_, union_all
from sqlalchemy.orm import Session, joinedload, selectinload

from app.database.types import UtcDateTime
from app.memories.filters import Filters, conditions_of, find_places, is_in_or_below, owned_by
from app.memories.index import Place, Sought, Words, index_of
from app.memories.index.marks import is_time_and_id, time_and_id
from app.memories.matches import Match, find_best, find_those, find_window
from app.memories.models import Memory
from app.memories.positions import BEST, Position, UnusablePosition, read_position
from app.memories.reach import Reach, limits_of, readable_memories

#: So many of the newest matches are ranked against each other, and the best of them come first. There is an end to it
#: so that the cost of a page does not grow with the number of matches.
MOST_RANKED = 5_000
#: What is left comes in windows: so many of the newest, the best of them first; then the next so many, and so on.
WINDOW = 100
# So many memories are few enough to be sorted, however many others there are.
_FEW = 3_000
# So many memories are loaded at once, each with a text of up to 100,000 characters.
_LOADED_AT_ONCE = 100
# More places than this are not looked at one by one to find out.
_MOST_PLACES_APART = 40


class Page(Struct, frozen=True):
    """Some memories in their order, and a position from which the next page goes on; None at the end."""

    memories: Sequence[Memory]
    position: Any = None


def list_memories(session: Session, reach: Reach, filters: Filters, limit: int, after: Any = None) -> Page:
    """Returns the newest memories first. ``after`` is an earlier page's position. Raises :class:`UnusablePosition`."""
    statement = _select_newest_ids(session, reach, filters)
    if after is not None:
        if not is_time_and_id(after):
            raise UnusablePosition
        created_at = literal(datetime.fromisoformat(after[0]), UtcDateTime())
        statement = statement.where(tuple_(Memory.created_at, Memory.id) < tuple_(created_at, literal(after[1])))
    ids = list(session.scalars(statement.limit(limit + 1)))
    memories = load_memories(session, reach, ids[:limit])
    last = memories[-1] if memories and len(ids) > limit else None
    return Page(memories, None if last is None else time_and_id(last))


def list_titles(session: Session, reach: Reach, limit: int) -> list[str]:
    """Returns the titles of the newest memories, the newest first."""
    newest = _select_newest_ids(session, reach, Filters()).with_only_columns(Memory.title)
    return list(session.scalars(newest.limit(limit)))


def list_memories_from(session: Session, reach: Reach, filters: Filters, offset: int, limit: int) -> Iterator[Memory]:
    """Yields the newest memories first, from ``offset`` on; they are loaded some at a time, as their texts are long."""
    statement = _select_newest_ids(session, reach, filters)
    ids = list(session.scalars(statement.offset(offset).limit(limit)))
    for begin in range(0, len(ids), _LOADED_AT_ONCE):
        yield from load_memories(session, reach, ids[begin : begin + _LOADED_AT_ONCE])


def search_memories(
    session: Session, reach: Reach, words: Words, filters: Filters, limit: int, after: Any = None
) -> Page:
    """Returns the memories with these words: the best of all, then of each :data:`WINDOW` of the newest the best first.

    ``limit`` is at most the window. What is added later is newer than what a search began with, and so does not disturb
    its pages. Raises :class:`UnusablePosition`.
    """
    position = None if after is None else read_position(index_of(session), after)
    if position is not None and reach.is_limited:
        within = select(Memory.id).where(Memory.id.in_(position.ids), readable_memories(reach))
        position = position.naming_only(set(session.scalars(within)))
    sought = _seek(session, reach, words, filters)
    if not sought.places:
        return Page([])
    rest: list[Match] = []
    if position is None:
        rest, newest = find_best(session, sought, of_newest=MOST_RANKED, most=BEST, few=WINDOW)
        if newest is None:
            return _page_inside(session, reach, (), rest, rest, limit)
        position = Position(newest, best=tuple(match.id for match in rest))
    elif position.is_among_best:
        rest = find_those(session, sought, position.best)
    rest = [match for match in rest if position.is_before(match.score, match.mark)]
    found = rest[:limit]
    if len(found) < len(rest):
        return _page(session, reach, found, replace(position, score=found[-1].score, mark=found[-1].mark))
    return _add_windows(session, reach, sought, found, limit, position.after_best())


def load_memories(session: Session, reach: Reach, ids: Sequence[str]) -> list[Memory]:
    """Returns the memories of these ids in their order, with integrations and tags, in two queries.

    What was put out of reach since the ids were looked up is left out.
    """
    if not ids:
        return []
    statement = (
        select(Memory)
        .where(Memory.id.in_(ids), *limits_of(reach))
        .options(joinedload(Memory.integration), selectinload(Memory.tags))
        .execution_options(populate_existing=True)
    )
    by_id = {memory.id: memory for memory in session.scalars(statement)}
    return [by_id[id] for id in ids if id in by_id]


def _select_newest_ids(session: Session, reach: Reach, filters: Filters) -> Select[Any]:
    """The ids of all memories within reach and filters, newest first."""
    statement = select(Memory.id).where(readable_memories(reach), *conditions_of(reach, filters))
    few = _select_few(session, reach, filters)
    if few is not None:
        statement = statement.where(Memory.id.in_(few))
    return statement.order_by(Memory.created_at.desc(), Memory.id.desc())


def _select_few(session: Session, reach: Reach, filters: Filters) -> Select[Any] | None:
    """Where there are few memories, all their ids, and perhaps more; None where there are many.

    Many are best read by walking back in time until a page is full. Few would be looked for among all the others.
    """
    if reach.user_id is None or (reach.everything and filters.integration_id is None):
        return None
    places, _ = find_places(session, reach, filters)
    if len(places) > _MOST_PLACES_APART:
        return None
    arms = [select(Memory.id).where(condition) for condition in _conditions_of(places)]
    if not arms:
        return select(Memory.id).where(false())
    together = union_all(*arms).subquery()
    counted = select(func.count()).select_from(select(together.c.id).limit(_FEW + 1).subquery())
    return select(together.c.id) if (session.scalar(counted) or 0) <= _FEW else None


def _conditions_of(places: list[Place]) -> list[ColumnElement[bool]]:
    """For each kind of place a condition that an index answers."""
    whole = [place.integration_id for place in places if place.memory_id is None and place.folder is None]
    single = [place.memory_id for place in places if place.memory_id is not None]
    conditions: list[ColumnElement[bool]] = [Memory.integration_id.in_(whole)] if whole else []
    conditions += [Memory.id.in_(single)] if single else []
    for place in places:
        if place.folder is not None:
            conditions.append(and_(Memory.integration_id == place.integration_id, is_in_or_below(place.folder)))
    return conditions


# -- searching -------------------------------------------------------------------------------------


def _seek(session: Session, reach: Reach, words: Words, filters: Filters) -> Sought:
    places, is_wider = find_places(session, reach, filters)
    conditions = [readable_memories(reach), *conditions_of(reach, filters)]
    # Of tags and kinds the index knows nothing.
    is_wider = is_wider or filters.tag is not None or filters.integration_kind is not None
    owned = owned_by(Memory, reach)
    return Sought(words, places, is_wider, owned, conditions, filters.begin, filters.end)


def _add_windows(
    session: Session, reach: Reach, sought: Sought, found: list[Match], limit: int, position: Position
) -> Page:
    """The page of what was found, filled up with what comes after the position."""
    while len(found) < limit:
        window = find_window(session, sought, position, size=WINDOW)
        rest = [one for one in window if one.id not in position.best and position.is_before(one.score, one.mark)]
        if len(found) + len(rest) > limit:
            return _page_inside(session, reach, position.best, window, rest, limit, found)
        found += rest
        # A position inside a window knows both its ends, so that what is deleted meanwhile lets nothing slip in.
        bottom = position.bottom if position.bottom is not None else min((one.mark for one in window), default=None)
        if bottom is None or (len(window) < WINDOW and position.bottom is None):
            return _page(session, reach, found, None)
        position = Position(bottom, is_within=False, best=position.best)
    return _page(session, reach, found, position)


def _page_inside(
    session: Session,
    reach: Reach,
    best: tuple[str, ...],
    window: list[Match],
    rest: list[Match],
    limit: int,
    found: Sequence[Match] = (),
) -> Page:
    """A page that takes of the rest of a window as much as fits."""
    taken = rest[: limit - len(found)]
    if len(taken) == len(rest):
        return _page(session, reach, [*found, *taken], None)
    marks = [match.mark for match in window]
    last = Position(max(marks), True, min(marks), taken[-1].score, taken[-1].mark, best)
    return _page(session, reach, [*found, *taken], last)


def _page(session: Session, reach: Reach, found: list[Match], position: Position | None) -> Page:
    memories = load_memories(session, reach, [match.id for match in found])
    return Page(memories, None if position is None else position.to_json())
