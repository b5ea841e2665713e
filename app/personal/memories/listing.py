"""Which of their memories a person looks at: what narrows the list, and one page of it."""

from collections.abc import Mapping
from typing import Any

from flask import url_for
from msgspec import Struct

from app.extensions import db
from app.memories.filters import Filters
from app.memories.mementos import IntegrationSummary, list_integrations
from app.memories.models import Memory
from app.memories.own import FOLDER_LENGTH, TAG_LENGTH, own_reach
from app.memories.search import Page, UnusablePosition, list_memories, search_memories
from app.memories.tree import FolderSummary, list_folders
from app.memories.words import excerpt, parse_query
from app.operations.cursors import format_cursor, read_cursor
from app.operations.refusals import Refused
from app.text import clean_line

#: So many make a page of about two windows.
PAGE_SIZE = 8
#: So many folders are offered to choose from; others are reached by the links beside the memories.
MOST_FOLDERS = 200
_EXCERPT_LENGTH = 300
_WORDS_LENGTH = 200


class Narrowed(Struct, frozen=True):
    """What a list is narrowed to. Empty texts, and None for the source, narrow nothing."""

    words: str
    source: IntegrationSummary | None
    folder: str
    tag: str

    def __bool__(self) -> bool:
        return bool(self.words or self.source or self.folder or self.tag)

    @property
    def filters(self) -> Filters:
        return Filters(
            integration_id=self.source.id if self.source else None, folder=self.folder or None, tag=self.tag or None
        )

    def url(self, endpoint: str = "personal.memories", **other: str | None) -> str:
        """Returns the address of the list as it is narrowed, but for what is said otherwise; or of another page of it."""
        query: dict[str, Any] = {
            "q": self.words,
            "source": self.source.id if self.source else "",
            "folder": self.folder,
            "tag": self.tag,
        }
        return url_for(endpoint, **{name: value or None for name, value in (query | other).items()})


class Line(Struct, frozen=True):
    """A memory in the list, and the part of its text that is shown."""

    memory: Memory
    excerpt: str


class Listing(Struct, frozen=True):
    """A page of memories; ``after`` is where the next one begins, None at the end."""

    lines: list[Line]
    after: str | None
    is_first: bool


def read_narrowed(sent: Mapping[str, str], user_id: str) -> tuple[Narrowed, list[IntegrationSummary]]:
    """Returns what an address asks for, and all sources. A source that is not there narrows nothing."""
    sources = list_integrations(user_id)
    source = next((one for one in sources if one.id == sent.get("source")), None)
    folder = _plain(sent.get("folder", ""))[:FOLDER_LENGTH] if source else ""
    words = clean_line(_plain(sent.get("q", "")))[:_WORDS_LENGTH]
    return Narrowed(words, source, folder, _plain(sent.get("tag", "")).strip()[:TAG_LENGTH]), sources


def list_page(user_id: str, narrowed: Narrowed, after: str | None) -> Listing:
    """Returns a page: the newest first, or what has the words, the best first. A position that is none is the first."""
    words = parse_query(narrowed.words) if narrowed.words else None
    kind = "search" if words else "list"

    def find(position: Any) -> Page:
        here = db.session(), own_reach(user_id)
        if words is not None:
            return search_memories(*here, words, narrowed.filters, PAGE_SIZE, position)
        # Words without a letter are in no memory.
        return Page([]) if narrowed.words else list_memories(*here, narrowed.filters, PAGE_SIZE, position)

    try:
        position = read_cursor(kind, after or None)
        page = find(position)
    except (Refused, UnusablePosition):
        position = None
        page = find(position)
    lines = [
        Line(memory, excerpt(words, memory.text, _EXCERPT_LENGTH) if words else memory.text[:_EXCERPT_LENGTH])
        for memory in page.memories
    ]
    return Listing(lines, format_cursor(kind, page.position), position is None)


def offer_folders(user_id: str, narrowed: Narrowed) -> list[FolderSummary]:
    """Returns the folders of the source that the list is narrowed to, the one that is open among them."""
    if narrowed.source is None:
        return []
    folders = list_folders(user_id, narrowed.source.id)
    return folders[:MOST_FOLDERS] + [one for one in folders[MOST_FOLDERS:] if one.path == narrowed.folder]


def _plain(text: str) -> str:
    # PostgreSQL takes no such text for a value.
    return text.replace("\x00", "")
