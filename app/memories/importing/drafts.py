"""What is to become a memory."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from app.memories.importing.bounds import LONGEST_TEXT, LONGEST_TITLE
from app.memories.importing.words import as_it_was, as_line, clean, split

#: What the databases' indexes of time reach, with room at both ends.
_FIRST_YEAR, _LAST_YEAR = 1900, 2199


class Source(Struct, frozen=True):
    """The integration that a memory goes into, by what it is called."""

    kind: str
    name: str


FILES = Source("files", "Files")
OBSIDIAN = Source("obsidian", "Obsidian")
NOTION = Source("notion", "Notion")
CHATGPT = Source("chatgpt", "ChatGPT")
CLAUDE = Source("claude", "Claude")


class Draft(Struct, frozen=True, kw_only=True):
    """One memory to be. ``name`` is what it is called where it comes from.

    Of what was taken out here ``own_id`` is the id that it had, and ``made_of`` the digest.
    ``file_time`` is when its file was changed last: it counts where the text itself names no day.
    """

    name: str
    source: Source
    title: str
    text: str
    folder: str = ""
    tags: tuple[str, ...] = ()
    source_url: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    file_time: datetime | None = None
    own_id: str | None = None
    made_of: bytes | None = None

    def digest(self) -> bytes:
        """Returns what the same draft always has, and no other: it is known by that when it comes again."""
        if self.made_of is not None:
            return self.made_of
        created_at = None if self.created_at is None else self.created_at.isoformat()
        made_of = [self.source.kind, self.folder, self.title, self.text, self.tags, self.source_url, created_at]
        return hashlib.sha256(json.dumps(made_of).encode()).digest()


def finish(draft: Draft) -> Iterator[Draft]:
    """Yields a draft such that a memory can hold it; one that is too long becomes several."""
    # What we wrote ourselves comes in again as it was, to the last line.
    words = clean(draft.text, lines=draft.own_id is None)
    kept = None if draft.own_id is None else as_it_was(draft.title, LONGEST_TITLE)
    title = kept or as_line(draft.title, LONGEST_TITLE)
    if len(draft.title.strip()) > LONGEST_TITLE:
        words = f"{clean(draft.title).strip()}\n\n{words}"
    if not title:
        first_line = words.strip()[:200].partition("\n")[0].lstrip("# ")
        title = as_line(first_line, 100) or as_line(draft.name, 100) or "Note"
    if len(words) <= LONGEST_TEXT:
        yield replace(draft, title=title, text=words)
        return
    parts = split(words)
    for number, part in enumerate(parts, 1):
        ending = f" ({number} of {len(parts)})"
        yield replace(draft, title=as_line(title, LONGEST_TITLE - len(ending)) + ending, text=part)


def as_instant(said: object) -> datetime | None:
    """Returns the point in time that somebody else wrote down: ISO 8601, or seconds since 1970. None for what is none."""
    try:
        if isinstance(said, str):
            found = datetime.fromisoformat(said.strip())
        elif isinstance(said, int | float) and not isinstance(said, bool):
            found = datetime.fromtimestamp(said, UTC)
        else:
            return None
        found = found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return found if _FIRST_YEAR <= found.year <= _LAST_YEAR else None
