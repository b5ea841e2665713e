"""A person's memories as a tree of integrations, folders and memories, a page of one level at a time."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, func, or_, select

from app.extensions import db
from app.folding import fold, holds, question_words
from app.memories.contents import is_own, memories_of_mementos
from app.memories.filters import is_in_or_below
from app.memories.models import Integration, Memory
from app.memories.picks import Pick

#: How many folders and memories a page of a level, or of a search, shows.
PAGE_SIZE = 50
_EXCERPT_LENGTH = 300
_MOST_WORDS = 8


class FolderSummary(Struct, frozen=True):
    """A folder and how many memories lie in it and below."""

    integration_id: str
    path: str
    name: str
    count: int

    @property
    def pick(self) -> Pick:
        return Pick(self.integration_id, self.path)

    @property
    def parent(self) -> str:
        """The folder it lies in; empty for one directly in the integration."""
        return self.path.removesuffix(self.name).rstrip("/")


class MemorySummary(Struct, frozen=True):
    """What a person knows a memory by. ``excerpt`` is how its text begins."""

    id: str
    title: str
    integration_id: str
    integration_name: str
    folder: str
    created_at: datetime
    excerpt: str

    @property
    def pick(self) -> Pick:
        return Pick(memory_id=self.id)


class Page(Struct, frozen=True):
    """Folders first, then memories, newest first; ``total`` counts both on all pages."""

    folders: list[FolderSummary]
    memories: list[MemorySummary]
    total: int
    number: int

    @property
    def has_next(self) -> bool:
        return self.number * PAGE_SIZE < self.total


def list_level(user_id: str, integration_id: str, folder: str = "", page: int = 1) -> Page:
    """Returns what lies directly in an integration, or in a folder of it."""
    is_here = and_(is_own(user_id), Memory.integration_id == integration_id)
    counts = _count_folders(is_here if not folder else and_(is_here, is_in_or_below(folder)))
    children = _children(integration_id, folder, counts)
    return _page(children, and_(is_here, Memory.folder == folder), counts.get(folder, 0), page)


def list_folders(user_id: str, integration_id: str) -> list[FolderSummary]:
    """Returns every folder of an integration, also one that holds only others, by path."""
    counts = _count_folders(and_(is_own(user_id), Memory.integration_id == integration_id))
    return sorted(_all_folders(integration_id, counts), key=lambda one: (one.path.casefold(), one.path))


def search_tree(user_id: str, words: str, page: int = 1) -> Page:
    """Returns folders whose own name, and memories whose title, has all the words."""
    wanted = words.replace("\x00", "").split()[:_MOST_WORDS]
    if not wanted:
        return Page([], [], 0, 1)
    folders = []
    for integration_id in db.session.scalars(select(Integration.id).where(Integration.user_id == user_id)):
        counts = _count_folders(and_(is_own(user_id), Memory.integration_id == integration_id))
        folders += [
            one for one in _all_folders(integration_id, counts) if all(holds(one.name, word) for word in wanted)
        ]
    has_title = and_(Memory.user_id == user_id, *map(_has_in_title, wanted))
    total = db.session.scalar(select(func.count()).select_from(Memory).where(has_title)) or 0
    return _page(sorted(folders, key=lambda one: one.name.casefold()), has_title, total, page)


def list_memories(user_id: str, memento_id: str, page: int, size: int) -> list[MemorySummary]:
    """Returns a page of what a memento contains now, newest first, and one more if there is a next page."""
    condition = and_(Memory.user_id == user_id, memories_of_mementos([memento_id]))
    return _memories(condition, (page - 1) * size, size + 1)


def _page(folders: list[FolderSummary], condition: ColumnElement[bool], count: int, page: int) -> Page:
    start = (page - 1) * PAGE_SIZE
    shown = folders[start : start + PAGE_SIZE]
    room = PAGE_SIZE - len(shown)
    memories = _memories(condition, max(0, start - len(folders)), room) if room else []
    return Page(shown, memories, len(folders) + count, page)


def _memories(condition: ColumnElement[bool], offset: int, limit: int) -> list[MemorySummary]:
    columns = (Memory.id, Memory.title, Memory.integration_id, Integration.name, Memory.folder, Memory.created_at)
    rows = db.session.execute(
        select(*columns, func.substr(Memory.text, 1, _EXCERPT_LENGTH))
        .join_from(Memory, Integration, Integration.id == Memory.integration_id)
        .where(condition)
        .order_by(Memory.created_at.desc(), Memory.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [MemorySummary(*row) for row in rows]


def _count_folders(condition: ColumnElement[bool]) -> dict[str, int]:
    """How many memories lie directly in each folder; an empty name is for those in none."""
    rows = db.session.execute(select(Memory.folder, func.count()).where(condition).group_by(Memory.folder))
    return dict(rows.all())


def _children(integration_id: str, folder: str, counts: dict[str, int]) -> list[FolderSummary]:
    start = f"{folder}/" if folder else ""
    found: dict[str, int] = {}
    for path, count in counts.items():
        if path != folder and path.startswith(start):
            child = start + _first_part(path[len(start) :])
            found[child] = found.get(child, 0) + count
    children = [FolderSummary(integration_id, path, path[len(start) :] or "/", count) for path, count in found.items()]
    return sorted(children, key=lambda one: (one.name.casefold(), one.name))


def _first_part(path: str) -> str:
    # A name may begin with the separator, as in "/home"; then that belongs to it.
    end = path.find("/", 1)
    return path if end < 0 else path[:end]


def _all_folders(integration_id: str, counts: dict[str, int]) -> list[FolderSummary]:
    """Every folder, also one that holds only others."""
    found: dict[str, int] = {}
    for path, count in counts.items():
        above = Pick(integration_id, path).containers() if path else ()
        for one in [path, *(pick.folder for pick in above if pick.folder)]:
            if one:
                found[one] = found.get(one, 0) + count
    return [
        FolderSummary(integration_id, path, path.rpartition("/")[2] or path, count) for path, count in found.items()
    ]


def _has_in_title(word: str) -> ColumnElement[bool]:
    """Whether a memory's title has the word, as it is or in another spelling."""
    as_it_is = Memory.title.icontains(word, autoescape=True)
    title = func.coalesce(Memory.title_words, Memory.title)
    spelled = [title.icontains(" ".join(question_words([run])), autoescape=True) for run in fold(word)]
    return or_(as_it_is, and_(*spelled)) if spelled else as_it_is
