"""What somebody would see: how many memories, and the newest titles."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.memories.filters import Filters
from app.memories.reach import Reach
from app.memories.records import count_all
from app.memories.search import list_memories

#: How many titles a preview has.
MOST_TITLES = 10


@dataclass(frozen=True, slots=True)
class Preview:
    """``count`` has each memory once; the titles come newest first."""

    count: int
    titles: list[str]


def preview(session: Session, reach: Reach) -> Preview:
    """Returns what lies within reach now, by the same rule as the API."""
    titles = [memory.title for memory in list_memories(session, reach, Filters(), MOST_TITLES).memories]
    return Preview(count_all(session, reach), titles)
