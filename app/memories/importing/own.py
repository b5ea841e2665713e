"""What was taken out of Reliquary: its memories as they were, and its mementos.

``reliquary.json`` says that it is one; memories stand in ``memories/*.json``, mementos in ``mementos.json``. The Markdown
beside them says the same, and is for people.
"""

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from app.credentials import is_id
from app.memories.importing.bounds import LONGEST_FOLDER, LONGEST_TAG, MOST_PICKS
from app.memories.importing.drafts import Draft, Source, as_instant, finish
from app.memories.importing.skips import Reason, Skip
from app.memories.importing.talks import as_list, as_object, as_text
from app.memories.importing.words import as_folder, as_it_was, as_line, as_tag

MARK = "reliquary.json"
FORMAT = "reliquary"
_KIND = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ADDRESS = re.compile(r"https?://[^\s\x00-\x1f\x7f-\x9f\u2028\u2029]{1,1990}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class MementoDraft(Struct, frozen=True):
    """A memento to be: whole sources, folders of them, and single memories by the ids that they had."""

    name: str
    sources: tuple[Source, ...]
    folders: tuple[tuple[Source, str], ...]
    memory_ids: tuple[str, ...]


def is_memory(item: dict[str, Any]) -> bool:
    """Returns whether an object looks like a memory that was taken out."""
    return isinstance(item.get("text"), str) and isinstance(item.get("source"), dict)


def is_memento(item: dict[str, Any]) -> bool:
    """Returns whether an object looks like a memento that was taken out."""
    return isinstance(item.get("name"), str) and isinstance(item.get("picks"), list)


def read_memory(item: dict[str, Any], name: str) -> Iterator[Draft]:
    """Returns a memory as it was."""
    address, id, made_of = (as_text(item.get(name)) for name in ("source_url", "id", "made_of"))
    tags = [as_it_was(one, LONGEST_TAG) or as_tag(one) for one in as_list(item.get("tags")) if isinstance(one, str)]
    yield from finish(
        Draft(
            name=name,
            source=_source(item.get("source")),
            folder=_folder(item),
            title=as_text(item.get("title")),
            text=item["text"],
            tags=tuple(dict.fromkeys(tag for tag in tags if tag)),
            source_url=address if _ADDRESS.fullmatch(address) else None,
            created_at=as_instant(item.get("created_at")),
            updated_at=as_instant(item.get("updated_at")),
            own_id=id if is_id(id) else "",
            made_of=bytes.fromhex(made_of) if _DIGEST.fullmatch(made_of) else None,
        )
    )


def read_memento(item: dict[str, Any]) -> Iterator[MementoDraft | Skip]:
    """Yields a memento, with what of its picks can be read; and what is left out, where they are too many."""
    picks = [as_object(pick) for pick in item["picks"][:MOST_PICKS]]
    places = [(_source(pick["source"]), _folder(pick)) for pick in picks if "source" in pick]
    name = as_line(item["name"], 100)
    yield MementoDraft(
        name=name,
        sources=tuple(source for source, folder in places if not folder),
        folders=tuple(place for place in places if place[1]),
        memory_ids=tuple(pick["memory"] for pick in picks if is_id(as_text(pick.get("memory")))),
    )
    if len(item["picks"]) > MOST_PICKS:
        yield Skip(name, Reason.MORE_PICKS)


def _folder(told: dict[str, Any]) -> str:
    folder = as_text(told.get("folder"))
    return as_it_was(folder, LONGEST_FOLDER) or as_folder(tuple(folder.split("/")))


def _source(told: Any) -> Source:
    kind, name = as_text(as_object(told).get("kind")), as_line(as_text(as_object(told).get("name")), 100)
    return Source(kind if _KIND.fullmatch(kind) else "files", name or "Files")
