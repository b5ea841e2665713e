"""What narrows a list or a search of memories, as exact conditions, and as places where the index is to look."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from app.memories.built_in import ALL
from app.memories.contents import memories_of_mementos
from app.memories.index import Place
from app.memories.models import Integration, Memento, MementoContent, Memory, MemoryTag
from app.memories.reach import Reach

# More places than this are looked for as the whole integrations of their owner.
_MOST_PLACES = 400


class Filters(Struct, frozen=True):
    """What narrows a list: ``begin`` is included, ``end`` is not. None narrows nothing.

    ``folder`` is one of the integration, with what lies below it.
    """

    memento_id: str | None = None
    integration_id: str | None = None
    integration_kind: str | None = None
    folder: str | None = None
    tag: str | None = None
    begin: datetime | None = None
    end: datetime | None = None


def conditions_of(reach: Reach, filters: Filters) -> list[ColumnElement[bool]]:
    """Returns the conditions on :class:`Memory` that narrow what is within reach."""
    conditions = []
    if filters.memento_id is not None and filters.memento_id != (ALL.id if reach.everything else None):
        # A memento that the app was not given tells nothing, not even about memories it reaches otherwise.
        known = [filters.memento_id] if filters.memento_id in reach.readable else []
        conditions.append(memories_of_mementos(known))
    if filters.integration_id is not None:
        conditions.append(Memory.integration_id == filters.integration_id)
    if filters.folder is not None:
        conditions.append(is_in_or_below(filters.folder))
    if filters.integration_kind is not None:
        # Those of the owner alone: others have thousands of that kind.
        kinds = select(Integration.id).where(owned_by(Integration, reach), Integration.kind == filters.integration_kind)
        conditions.append(Memory.integration_id.in_(kinds))
    if filters.tag is not None:
        conditions.append(Memory.id.in_(select(MemoryTag.memory_id).where(MemoryTag.tag == filters.tag)))
    if filters.begin is not None:
        conditions.append(Memory.created_at >= filters.begin)
    if filters.end is not None:
        conditions.append(Memory.created_at < filters.end)
    return conditions


def find_places(session: Session, reach: Reach, filters: Filters) -> tuple[list[Place], bool]:
    """Returns where the index is to look, at least everywhere within reach, and whether that is more.

    What is kept back must not count there for anything, not even for how many matches there seem to be.
    """
    places, is_wider = _find_places(session, reach, filters)
    return places, is_wider or reach.is_limited


def _find_places(session: Session, reach: Reach, filters: Filters) -> tuple[list[Place], bool]:
    owned = owned_by(Integration, reach)
    has_all = reach.user_id is None or reach.everything
    if filters.integration_id is not None:
        return [Place(filters.integration_id, filters.folder)], not has_all or filters.memento_id is not None
    if has_all and filters.memento_id in (None, ALL.id):
        return _integrations(session, owned), False
    memento_ids = reach.readable if filters.memento_id is None else [filters.memento_id]
    picks = session.execute(
        select(MementoContent.integration_id, MementoContent.folder, MementoContent.memory_id)
        .join(Memento, Memento.id == MementoContent.memento_id)
        .where(Memento.user_id == reach.user_id, Memento.id.in_(memento_ids))
        .distinct()
        .limit(_MOST_PLACES + 1)
    ).all()
    if len(picks) > _MOST_PLACES:
        return _integrations(session, owned), True
    return [Place(*pick) for pick in picks], False


def is_in_or_below(folder: str) -> ColumnElement[bool]:
    """Returns a condition on :class:`Memory`: it lies in the folder or below it."""
    # The range of the folders below: "0" is the character after "/".
    return or_(Memory.folder == folder, and_(Memory.folder >= f"{folder}/", Memory.folder < f"{folder}0"))


def owned_by(model: type[Integration] | type[Memory], reach: Reach) -> ColumnElement[bool]:
    """Returns a condition: it is whose memories the reach is into."""
    if reach.user_id is None:
        return model.organization_id == reach.organization_id
    return model.user_id == reach.user_id


def _integrations(session: Session, condition: ColumnElement[bool]) -> list[Place]:
    return [Place(id) for id in session.scalars(select(Integration.id).where(condition))]
