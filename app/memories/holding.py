"""Which mementos hold which memories, for a few of both, in one statement."""

from collections.abc import Sequence

from sqlalchemy import Select, and_, literal, or_, select

from app.memories.models import Memento, MementoContent, Memory


def list_holding(memento_ids: Sequence[str], memory_ids: Sequence[str]) -> Select[str, str]:
    """Returns a ``SELECT`` of pairs of a memento and a memory in it, each once: by the rule of ``contents``."""
    picked, folder = MementoContent, MementoContent.folder
    # As a range: the character after "/" is "0".
    is_below = and_(Memory.folder >= folder + literal("/"), Memory.folder < folder + literal("0"))
    holds = or_(
        picked.memory_id == Memory.id,
        and_(
            picked.integration_id == Memory.integration_id,
            or_(folder.is_(None), Memory.folder == folder, is_below),
        ),
    )
    return (
        select(picked.memento_id, Memory.id)
        .distinct()
        .join_from(Memory, picked, holds)
        .join(Memento, and_(Memento.id == picked.memento_id, Memento.user_id == Memory.user_id))
        .where(Memory.id.in_(memory_ids), picked.memento_id.in_(memento_ids))
    )
