"""A memento out of a search: the memories found now, each by its id. What is added later is not in it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy.orm import Session

from app.memories.editing import Draft, save_draft
from app.memories.filters import Filters
from app.memories.index import Words
from app.memories.models import Memento, Memory
from app.memories.picks import Pick
from app.memories.reach import Reach
from app.memories.search import WINDOW, Page, list_memories, search_memories
from app.memories.words import parse_query

#: How many memories a memento may be made of at once.
MOST_FOUND = 200
_NO_FILTERS = Filters()


class FoundMemory(Struct, frozen=True):
    """What a person knows a memory by."""

    id: str
    title: str
    integration_name: str
    folder: str
    created_at: datetime


class Found(Struct, frozen=True):
    """What a search found now, the best first: at most :data:`MOST_FOUND`, and ``has_more`` if there are others."""

    memories: Sequence[FoundMemory]
    has_more: bool


def find_for_memento(session: Session, user_id: str, question: str, filters: Filters = _NO_FILTERS) -> Found:
    """Returns the person's memories with these words, or all that the filters let through when there are none."""
    words = parse_query(question)
    if words is None and (question.strip() or filters == _NO_FILTERS):
        return Found([], has_more=False)
    found: list[FoundMemory] = []
    for page in _pages(session, Reach(user_id=user_id, everything=True), words, filters):
        found += [_describe(memory) for memory in page.memories]
        if len(found) > MOST_FOUND:
            break
    return Found(found[:MOST_FOUND], has_more=len(found) > MOST_FOUND)


def make_memento_of(user_id: str, name: str, memory_ids: Iterable[str], integration_ids: Iterable[str] = ()) -> Memento:
    """Returns a new memento of single memories, and of whole integrations. The caller commits. Raises :class:`MementoError`."""
    picks = [Pick(integration_id=id) for id in integration_ids] + [Pick(memory_id=id) for id in memory_ids]
    return save_draft(user_id, None, name, Draft(added=dict.fromkeys(picks)))


def _pages(session: Session, reach: Reach, words: Words | None, filters: Filters) -> Iterator[Page]:
    after: Any = None
    while True:
        if words is None:
            page = list_memories(session, reach, filters, WINDOW, after)
        else:
            page = search_memories(session, reach, words, filters, WINDOW, after)
        yield page
        after = page.position
        if after is None:
            return


def _describe(memory: Memory) -> FoundMemory:
    return FoundMemory(memory.id, memory.title, memory.integration.name, memory.folder, memory.created_at)
