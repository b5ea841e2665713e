"""What somebody may look through: the one place that decides, for each query anew, which memories that is."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, and_, exists, false, or_, select

from app.memories.contents import memories_of_mementos
from app.memories.models import Integration, MementoContent, Memory


@dataclass(frozen=True, slots=True)
class Reach:
    """Either a person's memories, as far as the mementos go, or all of an organization's own.

    ``everything`` includes what the person adds later. ``can_write`` has the ids of the mementos that may be read, each
    with whether what lies in it may be changed too. ``every_integration`` shows all of the person's integrations, with
    what they hold in numbers, and no memory more.
    """

    user_id: str | None = None
    organization_id: str | None = None
    everything: bool = False
    every_integration: bool = False
    can_write: Mapping[str, bool] = field(default_factory=dict)

    @property
    def readable(self) -> tuple[str, ...]:
        """The ids of the mementos that may be read."""
        return tuple(self.can_write)

    @property
    def writable(self) -> tuple[str, ...]:
        """The ids of those whose memories may be changed too."""
        return tuple([id for id, writable in self.can_write.items() if writable])


def readable_memories(reach: Reach) -> ColumnElement[bool]:
    """A condition on :class:`Memory`: it lies within the reach."""
    if reach.user_id is None:
        return Memory.organization_id == reach.organization_id
    if reach.everything:
        return Memory.user_id == reach.user_id
    return _in_mementos(reach.user_id, reach.readable)


def writable_memories(reach: Reach) -> ColumnElement[bool]:
    """A condition on :class:`Memory`: it lies within the reach and may be changed and deleted."""
    if reach.user_id is None:
        return Memory.organization_id == reach.organization_id
    return _in_mementos(reach.user_id, reach.writable)


def reachable_integrations(reach: Reach) -> ColumnElement[bool]:
    """A condition on :class:`Integration`: it holds a readable memory, or is picked as a whole or by folder."""
    if reach.user_id is None:
        return Integration.organization_id == reach.organization_id
    if reach.everything or reach.every_integration:
        return Integration.user_id == reach.user_id
    picked = select(MementoContent.integration_id).where(
        MementoContent.memento_id.in_(reach.readable), MementoContent.integration_id.is_not(None)
    )
    holds_readable = exists().where(Memory.integration_id == Integration.id, readable_memories(reach))
    return and_(Integration.user_id == reach.user_id, or_(Integration.id.in_(picked), holds_readable))


def _in_mementos(user_id: str, memento_ids: tuple[str, ...]) -> ColumnElement[bool]:
    if not memento_ids:
        return false()
    # The owner once more: whatever a memento may come to hold, it never reaches another person.
    return and_(Memory.user_id == user_id, memories_of_mementos(memento_ids))
