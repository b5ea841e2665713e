"""What a memento contains: the one rule, as SQL conditions and statements over all of a person's mementos.

A memento's picks are whole integrations, folders (with everything below them) and single memories.
A memory counts once however many picks reach it, and only its owner's mementos ever reach it.

Statements that take no arguments are built once, because building them costs more than running them; whoever executes
one gives the values that it names.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    FromClause,
    Select,
    String,
    and_,
    bindparam,
    column,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
    union,
    union_all,
    values,
)
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from app.memories.built_once import BuiltOnce, Limits
from app.memories.index.in_order import InOrder
from app.memories.models import Integration, Memento, MementoContent, Memory

#: How many titles show what is in a memento.
SAMPLE_SIZE = 3

_USER = bindparam("user_id", type_=String)

_PICKED = select(Memento.user_id).join_from(Memento, MementoContent, MementoContent.memento_id == Memento.id)
_PICKED_WHOLE = _PICKED.add_columns(MementoContent.integration_id).where(
    MementoContent.integration_id.is_not(None), MementoContent.folder.is_(None)
)
_PICKED_ALONE = _PICKED.add_columns(MementoContent.memory_id).where(MementoContent.memory_id.is_not(None))


def memories_of_mementos(memento_ids: Iterable[str]) -> ColumnElement[bool]:
    """Returns a condition on :class:`Memory`: it is in at least one of these mementos, which its owner made.

    Nothing is remembered: what is added to a picked integration or folder later is in, from the next query on.
    """
    # A page asks this several times of the same mementos, and an app with each of its calls.
    return _memories_of(tuple(memento_ids))


@lru_cache(maxsize=64)
def _memories_of(memento_ids: tuple[str, ...]) -> ColumnElement[bool]:
    chosen = Memento.id.in_(memento_ids)
    # Gathered once, and without the rest: a database may go through it for each memory that it looks at.
    folders = _picks(and_(chosen, MementoContent.folder.is_not(None))).prefix_with("MATERIALIZED")
    return or_(
        tuple_(Memory.user_id, Memory.integration_id).in_(_PICKED_WHOLE.where(chosen)),
        tuple_(Memory.user_id, Memory.id).in_(_PICKED_ALONE.where(chosen)),
        exists().where(
            folders.c.user_id == Memory.user_id,
            folders.c.integration_id == Memory.integration_id,
            _lies_in(Memory.folder, folders),
        ),
    )


@BuiltOnce
def select_counts(limits: Limits) -> Select:
    """Returns rows of ``memento_id, kind, name, count``: how many memories of each integration each memento contains.

    Of all mementos of ``user_id``.
    """
    return _select_counts(_USER, _picks(Memento.user_id == _USER), limits)


@BuiltOnce
def select_counts_together(limits: Limits) -> Select:
    """Returns the same of those of ``memento_ids`` taken as one: a memory in two counts once, and ``memento_id`` is empty."""
    chosen = and_(Memento.user_id == _USER, Memento.id.in_(bindparam("memento_ids", expanding=True)))
    return _select_counts(_USER, _picks(chosen, literal("").label("memento_id")), limits)


def select_counts_of_draft(
    user_id: str, memento_id: str | None, dropped_ids: Iterable[int], added: Iterable[tuple]
) -> Select:
    """Returns the same of a memento as it would be without some of its contents and with others, ``memento_id`` empty.

    ``dropped_ids`` are of :class:`MementoContent`; what is added are triples of its ``integration_id``,
    ``folder`` and ``memory_id``. Whatever is another person's counts nothing.
    """
    columns = ("integration_id", "folder", "memory_id")
    rows = values(*(column(name, MementoContent.__table__.c[name].type) for name in columns), name="added")
    # A row of NULLs reaches nothing, and without any row there would be no statement.
    new = rows.data([(None, None, None), *added]).cte("added")
    is_kept = and_(Memento.id == memento_id, Memento.user_id == user_id, MementoContent.id.not_in(dropped_ids))
    return _select_counts(user_id, _draft_picks(user_id, is_kept, new.c))


@BuiltOnce
def select_sample_titles(limits: Limits) -> Select:
    """Returns rows of ``memento_id, title``, newest first, at most :data:`SAMPLE_SIZE` a memento of ``user_id``."""
    picks = _picks(Memento.user_id == _USER)
    own = select(Memory.id, Memory.integration_id, Memory.folder, Memory.created_at).where(is_own(_USER), *limits)
    by_folder = _newest(own.subquery("own"), "integration_id", "folder").cte("newest_by_folder")
    by_integration = _newest(by_folder, "integration_id").cte("newest_by_integration")
    candidates = union(
        select(picks.c.memento_id, by_integration.c.id, by_integration.c.created_at)
        .select_from(InOrder(picks, by_integration, by_integration.c.integration_id == picks.c.integration_id))
        .where(_is_whole(picks)),
        select(picks.c.memento_id, by_folder.c.id, by_folder.c.created_at)
        .join_from(picks, by_folder, _is_folder_of(picks, by_folder.c))
        .where(~_is_covered(picks, picks.c.integration_id)),
        select(picks.c.memento_id, Memory.id, Memory.created_at)
        .join_from(picks, Memory, and_(Memory.id == picks.c.memory_id, Memory.user_id == picks.c.user_id))
        .where(*limits),
    ).subquery("candidates")
    newest = _newest(candidates, "memento_id").subquery("newest")
    titles = select(newest.c.memento_id, Memory.title).join_from(newest, Memory, Memory.id == newest.c.id)
    return titles.order_by(newest.c.memento_id, newest.c.created_at.desc(), newest.c.id.desc())


@BuiltOnce
def select_newest_titles(limits: Limits) -> Select:
    """Returns the titles of the newest memories of ``user_id``, in whatever memento, newest first."""
    newest = select(Memory.title).where(Memory.user_id == _USER, *limits)
    return newest.order_by(Memory.created_at.desc(), Memory.id.desc()).limit(SAMPLE_SIZE)


def is_own(user_id: str | BindParameter[str]) -> ColumnElement[bool]:
    """Returns whether a memory is this person's. As a pair, so that SQLite walks the index made for these statements."""
    own = select(Integration.id, Integration.user_id).where(Integration.user_id == user_id)
    return tuple_(Memory.integration_id, Memory.user_id).in_(own)


def _select_counts(user_id: str | BindParameter[str], picks: CTE, limits: Limits = ()) -> Select:
    # Memories are read once and grouped by folder, so that a hundred mementos cost little more than one.
    folders = (
        select(Memory.integration_id, Memory.folder, func.count().label("count"))
        .where(is_own(user_id), *limits)
        .group_by(Memory.integration_id, Memory.folder)
        .cte("folders")
    )
    sums = (folders.c.integration_id, func.sum(folders.c.count).label("count"))
    totals = select(*sums).group_by(folders.c.integration_id).cte("totals")
    in_integrations = (
        select(picks.c.memento_id, totals.c.integration_id, totals.c.count)
        .distinct()
        .join_from(picks, totals, and_(totals.c.integration_id == picks.c.integration_id, _is_whole(picks)))
    )
    in_folders = (
        select(picks.c.memento_id, folders.c.integration_id, folders.c.folder, folders.c.count)
        .distinct()
        .join_from(picks, folders, _is_folder_of(picks, folders.c))
        .where(~_is_covered(picks, picks.c.integration_id))
        .subquery()
    )
    single = (
        select(picks.c.memento_id, Memory.integration_id, func.count(Memory.id.distinct()).label("count"))
        .join_from(picks, Memory, and_(Memory.id == picks.c.memory_id, Memory.user_id == picks.c.user_id))
        .where(~_is_covered(picks, Memory.integration_id, Memory.folder), *limits)
        .group_by(picks.c.memento_id, Memory.integration_id)
    )
    parts = union_all(
        in_integrations,
        select(in_folders.c.memento_id, in_folders.c.integration_id, in_folders.c.count),
        single,
    ).subquery()
    count = func.sum(parts.c.count).label("count")
    return (
        select(parts.c.memento_id, Integration.kind, Integration.name, count)
        .join_from(parts, Integration, Integration.id == parts.c.integration_id)
        .group_by(parts.c.memento_id, Integration.id, Integration.kind, Integration.name)
        .order_by(count.desc(), Integration.name)
    )


def _picks(
    which: ColumnElement[bool], memento_id: ColumnElement[str] | InstrumentedAttribute[str] = MementoContent.memento_id
) -> CTE:
    """What the chosen mementos hold, each pick beside the owner it is for."""
    return (
        select(
            Memento.user_id,
            memento_id,
            MementoContent.integration_id,
            MementoContent.folder,
            # The range of a folder's subfolders: "0" is the character after "/".
            (MementoContent.folder + literal("/")).label("first_below"),
            (MementoContent.folder + literal("0")).label("first_beyond"),
            MementoContent.memory_id,
        )
        .join_from(Memento, MementoContent, MementoContent.memento_id == Memento.id)
        .where(which)
        .cte()
    )


def _draft_picks(user_id: str, is_kept: ColumnElement[bool], new: ReadOnlyColumnCollection[str, Any]) -> CTE:
    nameless = literal("").label("memento_id")
    kept = _picks(is_kept, nameless)
    added = select(
        literal(user_id).label("user_id"),
        nameless,
        new.integration_id,
        new.folder,
        (new.folder + literal("/")).label("first_below"),
        (new.folder + literal("0")).label("first_beyond"),
        new.memory_id,
    )
    return select(kept).union_all(added).cte()


def _is_whole(picks: CTE) -> ColumnElement[bool]:
    return and_(picks.c.integration_id.is_not(None), picks.c.folder.is_(None))


def _is_folder_of(picks: CTE, memory: Any) -> ColumnElement[bool]:
    return (
        _lies_in(memory.folder, picks) & picks.c.folder.is_not(None) & (picks.c.integration_id == memory.integration_id)
    )


def _lies_in(folder: Any, picks: FromClause) -> ColumnElement[bool]:
    """Whether a folder is the picked one or below it: ``Trips`` holds ``Trips/Lisbon``, not ``Trips2`` or ``trips``.

    Compared as a range, because LIKE would read ``%`` and ``_`` in names as wildcards, and ignores case on SQLite.
    """
    return or_(folder == picks.c.folder, and_(folder >= picks.c.first_below, folder < picks.c.first_beyond))


def _is_covered(picks: CTE, integration_id: Any, folder: Any = None) -> ColumnElement[bool]:
    """Whether the same memento also picks the whole integration, or (with ``folder``) the folder."""
    other = picks.alias()
    reach: ColumnElement[bool] = other.c.folder.is_(None)
    if folder is not None:
        reach = or_(reach, _lies_in(folder, other))
    # It is said that the column is not NULL: most picks may be single memories, and those are no place to look in.
    is_there = other.c.integration_id.is_not(None), other.c.integration_id == integration_id
    return exists().where(other.c.memento_id == picks.c.memento_id, *is_there, reach)


def _newest(rows: FromClause, *partition: str) -> Select:
    """Of each partition the newest rows, at most :data:`SAMPLE_SIZE`."""
    order = (rows.c.created_at.desc(), rows.c.id.desc())
    columns = [column for column in rows.c if column.key != "place"]
    place = func.row_number().over(partition_by=[rows.c[name] for name in partition], order_by=order)
    ranked = select(*columns, place.label("place")).subquery()
    return select(*[ranked.c[column.key] for column in columns]).where(ranked.c.place <= SAMPLE_SIZE)
