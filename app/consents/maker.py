"""Making a memento on the page of a picker: of whole sources, and of what a search finds."""

from collections.abc import Collection

from msgspec import Struct
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.credentials import is_id
from app.memories.found import MOST_FOUND, Found, FoundMemory, find_for_memento
from app.memories.mementos import IntegrationSummary

_MOST_WORDS_LENGTH = 100


class Wanted(Struct, frozen=True):
    """What a page says of a new memento: what it is to hold, and which words were looked for.

    ``memory_ids`` are those that are ticked of what ``asked`` has found; None before anything was.
    """

    integration_ids: Collection[str] = ()
    memory_ids: Collection[str] | None = None
    words: str = ""
    asked: str = ""

    @property
    def is_asking(self) -> bool:
        """Whether other words stand there than those that were looked for."""
        return self.words != self.asked

    @property
    def is_begun(self) -> bool:
        """Whether anything was filled in."""
        return bool(self.integration_ids or self.words or self.asked)


class OfferedSource(Struct, frozen=True):
    """A whole integration, and whether it is ticked."""

    id: str
    name: str
    count: int
    chosen: bool


class OfferedMemory(Struct, frozen=True):
    """A memory that was found, and whether it is ticked."""

    memory: FoundMemory
    chosen: bool


class Maker(Struct, frozen=True):
    """What the template of the maker receives, as ``maker``. ``found`` is None before anything was looked for."""

    sources: list[OfferedSource]
    words: str
    found: list[OfferedMemory] | None
    has_more: bool
    is_begun: bool


def read_wanted(sent: MultiDict[str, str]) -> Wanted:
    """Returns what a form says of a new memento."""
    asked = read_words(sent, "asked_words")
    return Wanted(
        integration_ids=dict.fromkeys(sent.getlist("new_integration_ids")),
        memory_ids=[id for id in sent.getlist("new_memory_ids")[:MOST_FOUND] if is_id(id)] if asked else None,
        words=read_words(sent, "new_words"),
        asked=asked,
    )


def read_words(sent: MultiDict[str, str], name: str) -> str:
    """Returns words that were typed, as they are looked for."""
    return " ".join(sent.get(name, "").replace("\x00", "").split())[:_MOST_WORDS_LENGTH]


def prepare_maker(
    session: Session, user_id: str, integrations: Collection[IntegrationSummary], wanted: Wanted, *, search: bool
) -> Maker:
    """Returns the maker as the page was filled in; with ``search`` all that the words find is ticked."""
    words = wanted.words if search else wanted.asked
    found = find_for_memento(session, user_id, words) if words else Found([], has_more=False)
    ticked = None if search or wanted.memory_ids is None else set(wanted.memory_ids)
    return Maker(
        sources=[
            OfferedSource(one.id, one.name, one.count, chosen=one.id in wanted.integration_ids) for one in integrations
        ],
        words=words,
        found=[OfferedMemory(one, chosen=ticked is None or one.id in ticked) for one in found.memories]
        if words
        else None,
        has_more=found.has_more,
        is_begun=wanted.is_begun or search,
    )
