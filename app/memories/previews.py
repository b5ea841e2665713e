"""What somebody would see, and what a page tells of a memento: how many memories, and a few titles."""

from collections.abc import Iterable

from msgspec import Struct
from sqlalchemy.orm import Session

from app.folding import holds
from app.memories.mementos import MementoSummary
from app.memories.reach import Reach
from app.memories.records import count_all
from app.memories.search import list_titles

#: How many titles a preview has.
MOST_TITLES = 10


class Preview(Struct, frozen=True):
    """``count`` has each memory once; the titles come newest first."""

    count: int
    titles: list[str]


def preview(session: Session, reach: Reach) -> Preview:
    """Returns what lies within reach now, by the same rule as the API."""
    return Preview(count_all(session, reach), list_titles(session, reach, MOST_TITLES))


def tells(memento: MementoSummary, words: Iterable[str]) -> bool:
    """Returns whether a page that shows the memento tells all the words, in whatever spelling."""
    told = " ".join([memento.name, *(source.name for source in memento.sources), *memento.sample_titles])
    return all(holds(told, word) for word in words)
