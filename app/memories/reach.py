"""What somebody may look through: the one place that decides, for each query anew, which memories that is."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct, field
from sqlalchemy import ColumnElement, Select, and_, false, or_, select

from app.memories.contents import is_own, memories_of_mementos
from app.memories.models import Integration, Memento, MementoContent, Memory
from app.memories.never_shared import is_kept_back, is_kept_back_whole


class Reached(NamedTuple):
    """Of a reach, the mementos: whether everything may be read, and the ids of those that may, each with whether what
    lies in it may be changed too."""

    everything: bool
    can_write: Mapping[str, bool]


class Reach(Struct, frozen=True):
    """Either a person's memories, as far as the mementos go, or all of an organization's own.

    ``everything`` includes what the person adds later. ``can_write`` has the ids of the mementos that may be read, each
    with whether what lies in it may be changed too. ``every_integration`` shows all of the person's integrations, with
    what they hold in numbers, and no memory more.

    What is said here first wins, whatever else says yes. ``keeps_back`` is whether the person never shares something.
    ``closed`` are SELECTs of the ids of integrations none of whose memories are within reach, and ``hidden`` of those
    that are not within reach themselves.
    """

    user_id: str | None = None
    organization_id: str | None = None
    everything: bool = False
    every_integration: bool = False
    can_write: Mapping[str, bool] = field(default_factory=dict)
    keeps_back: bool = False
    closed: Sequence[Select[Any]] = ()
    hidden: Sequence[Select[Any]] = ()

    @property
    def mementos(self) -> Reached:
        """What it says of mementos."""
        return Reached(self.everything, self.can_write)

    @property
    def is_limited(self) -> bool:
        """Whether something in the person's mementos is out of reach all the same."""
        return self.keeps_back or bool(self.closed)

    @property
    def readable(self) -> tuple[str, ...]:
        """The ids of the mementos that may be read."""
        return tuple(self.can_write)

    @property
    def writable(self) -> tuple[str, ...]:
        """The ids of those whose memories may be changed too."""
        return tuple([id for id, writable in self.can_write.items() if writable])


def limits_of(reach: Reach) -> list[ColumnElement[bool]]:
    """Returns the conditions on :class:`Memory` that hold whatever the mementos say; empty where nothing is kept back."""
    limits = [~is_kept_back(reach.user_id)] if reach.user_id is not None and reach.keeps_back else []
    return limits + [Memory.integration_id.not_in(ids) for ids in reach.closed]


def readable_memories(reach: Reach) -> ColumnElement[bool]:
    """Returns a condition on :class:`Memory`: it lies within the reach."""
    if reach.user_id is None:
        return Memory.organization_id == reach.organization_id
    if reach.everything:
        return and_(Memory.user_id == reach.user_id, *limits_of(reach))
    return _in_mementos(reach, reach.readable)


def writable_memories(reach: Reach) -> ColumnElement[bool]:
    """Returns a condition on :class:`Memory`: it lies within the reach and may be changed and deleted."""
    if reach.user_id is None:
        return Memory.organization_id == reach.organization_id
    return _in_mementos(reach, reach.writable)


def countable_memories(reach: Reach) -> ColumnElement[bool]:
    """Returns a condition on :class:`Memory`: it counts in the integrations within the reach, which may show no memory of it."""
    if reach.user_id is not None and (reach.everything or reach.every_integration):
        # As a pair, so that counting walks an index alone.
        return and_(is_own(reach.user_id), *limits_of(reach))
    return readable_memories(reach)


def reachable_integrations(reach: Reach) -> ColumnElement[bool]:
    """Returns a condition on :class:`Integration`: it holds a readable memory, or is picked as a whole or by folder."""
    if reach.user_id is None:
        return Integration.organization_id == reach.organization_id
    own = and_(Integration.user_id == reach.user_id, *_limits_on_integrations(reach, reach.user_id))
    if reach.everything or reach.every_integration:
        return own
    picked = select(MementoContent.integration_id).where(
        MementoContent.memento_id.in_(reach.readable), MementoContent.integration_id.is_not(None)
    )
    return and_(own, or_(Integration.id.in_(picked), Integration.id.in_(_select_with_single(reach))))


def _select_with_single(reach: Reach) -> Select[str]:
    """The integrations of memories that are picked one by one, gathered once and not anew for each integration."""
    return (
        select(Memory.integration_id)
        .join(MementoContent, MementoContent.memory_id == Memory.id)
        .join(Memento, Memento.id == MementoContent.memento_id)
        .where(Memento.id.in_(reach.readable), Memento.user_id == reach.user_id, Memory.user_id == reach.user_id)
        .where(*limits_of(reach))
    )


def _limits_on_integrations(reach: Reach, user_id: str) -> list[ColumnElement[bool]]:
    limits = [~is_kept_back_whole(user_id)] if reach.keeps_back else []
    return limits + [Integration.id.not_in(ids) for ids in reach.hidden]


def _in_mementos(reach: Reach, memento_ids: tuple[str, ...]) -> ColumnElement[bool]:
    if not memento_ids:
        return false()
    # The owner once more: whatever a memento may come to hold, it never reaches another person.
    return and_(Memory.user_id == reach.user_id, memories_of_mementos(memento_ids), *limits_of(reach))
