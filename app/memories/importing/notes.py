"""A Markdown or text file as a memory: one by itself, of an Obsidian vault, or of a Notion export."""

import re
from collections.abc import Iterator
from datetime import datetime

from app.memories.importing.bounds import MOST_TAGS
from app.memories.importing.drafts import Draft, Source, as_instant, finish
from app.memories.importing.heading import Heading, read_heading
from app.memories.importing.words import as_folder, as_line, as_tag

#: What Notion puts behind the name of each page and folder. Looked for from the first of several blanks alone.
NOTION_ID = re.compile(r"(?<!\s)\s+[0-9a-f]{32}$")
_CODE = re.compile(r"^(`{3,}|~{3,}).*?(?:^\1|\Z)|`[^`\n]*`", re.DOTALL | re.MULTILINE)
_TAG = re.compile(r"(?<!\S)#([\w/-]*[^\W\d][\w/-]*)")
_LINK = re.compile(r"\[\[[^\[\]\n]+\]\]")
_PROPERTY = re.compile(r"([^:\n]{1,60}): (.*)")
_NOTION_TIME = re.compile(r"([A-Z][a-z]+) (\d{1,2}), (\d{4})(?: (\d{1,2}):(\d\d)(?: ?([AP]M))?)?")
_MONTHS = "January February March April May June July August September October November December".split()


def read_note(
    words: str, name: str, parts: tuple[str, ...], file_name: str, source: Source, *, time: datetime | None = None
) -> Iterator[Draft]:
    """Returns the memories that one file becomes: none without words, several of a very long one."""
    stem, dot, ending = file_name.rpartition(".")
    is_markdown = ending.lower() in ("md", "markdown")
    heading = read_heading(words) if is_markdown else Heading(words)
    title = heading.title or (stem if dot else file_name)
    if source.kind == "notion":
        parts = tuple(NOTION_ID.sub("", part) for part in parts)
        title = _read_notion(heading, NOTION_ID.sub("", title))
    if is_markdown and (source.kind == "obsidian" or _LINK.search(heading.text)):
        heading.tags = (*heading.tags, *find_tags(heading.text))
    if not heading.text.strip():
        return
    yield from finish(
        Draft(
            name=name,
            source=source,
            title=title,
            text=heading.text,
            folder=as_folder(parts),
            tags=tuple(dict.fromkeys(heading.tags))[:MOST_TAGS],
            source_url=heading.source_url,
            created_at=heading.created_at,
            updated_at=heading.updated_at,
            file_time=time,
        )
    )


def find_tags(words: str) -> list[str]:
    """Returns the tags that stand in a text as Obsidian writes them, such as ``#travel/asia``; code has none."""
    found = (as_tag(match[1].strip("/")) for match in _TAG.finditer(_CODE.sub(" ", words)))
    return list(dict.fromkeys(tag for tag in found if tag))


def _read_notion(heading: Heading, title: str) -> str:
    """Take the properties of a page of a table, which stand under its title, and return the title, uncut."""
    # No pattern: one that goes over blanks in three ways would need hours for a line of thousands of them.
    first, _, rest = heading.text.lstrip().partition("\n")
    if not first.startswith(("# ", "#\t")):
        return title
    # The file's name is cut after fifty characters, and lacks what a file system does not take.
    full = as_line(first[1:].strip().rstrip("#").rstrip(), 300)
    for line in rest.lstrip("\n").split("\n", 40)[:40]:
        found = _PROPERTY.fullmatch(line)
        if found is None:
            break
        key, said = found[1].strip().lower(), found[2].strip()
        if key in ("tags", "tag") and not heading.tags:
            heading.tags = tuple(tag for tag in map(as_tag, said.split(",")) if tag)
        elif key in ("created", "created time", "date created", "date") and heading.created_at is None:
            heading.created_at = as_instant(said) or _notion_time(said)
        elif key in ("last edited time", "updated") and heading.updated_at is None:
            heading.updated_at = as_instant(said) or _notion_time(said)
    return full or as_line(title, 255)


def _notion_time(said: str) -> datetime | None:
    """Returns what ``January 5, 2024 3:00 PM`` means."""
    match = _NOTION_TIME.fullmatch(said)
    if match is None or match[1] not in _MONTHS:
        return None
    hour = int(match[4] or 0) % 12 + 12 * (match[6] == "PM") if match[6] else int(match[4] or 0)
    month = _MONTHS.index(match[1]) + 1
    return as_instant(f"{match[3]}-{month:02}-{int(match[2]):02}T{hour:02}:{match[5] or '00'}:00+00:00")
