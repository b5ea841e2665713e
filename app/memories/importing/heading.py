"""The YAML between two lines of dashes at the head of a Markdown file: what of it a memory has a place for.

The rest stays at the head of the text, as it was written.
"""

import re
from datetime import datetime
from typing import Any

import yaml
from msgspec import Struct

from app.memories.importing.bounds import LONGEST_HEADING, LONGEST_TITLE, MOST_TAGS
from app.memories.importing.drafts import as_instant
from app.memories.importing.words import as_tag

_HEADING = re.compile(r"\A---[ \t]*\n(.*?\n)?(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_TITLES = ("title",)
_TAGS = ("tags", "tag", "keywords")
_CREATED = ("created", "created_at", "date", "date created", "created time")
_UPDATED = ("updated", "updated_at", "modified", "last modified", "date modified", "last edited time")
_ADDRESSES = ("source_url", "url", "source")


class Heading(Struct):
    """What a heading says, and the text without that. ``own_id`` is what we wrote there ourselves."""

    text: str
    title: str | None = None
    tags: tuple[str, ...] = ()
    created_at: datetime | None = None
    updated_at: datetime | None = None
    source_url: str | None = None


def _loader() -> Any:
    # What nobody reads twice: a document that names itself, or thousands of lists in lists.
    return getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def read_heading(words: str) -> Heading:
    """Returns what the heading of a text says. A heading that is none, or that cannot be read, is text."""
    match = _HEADING.match(words[: LONGEST_HEADING + 8])
    if match is None:
        return Heading(words)
    lines = (match[1] or "").splitlines(keepends=True)
    try:
        node = yaml.compose("".join(lines), Loader=_loader())
    except (yaml.YAMLError, RecursionError, ValueError):
        return Heading(words)
    heading = Heading(words[match.end() :])
    if node is None:
        return heading
    if not isinstance(node, yaml.MappingNode):
        return Heading(words)
    taken: set[int] = set()
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode) and _take(heading, key.value.strip().lower(), value):
            # Up to where the next one begins; the end of a list is where something else stands.
            taken.update(range(key.start_mark.line, _last_line(value) + 1))
    left = [line for number, line in enumerate(lines) if number not in taken]
    if any(line.strip() for line in left):
        heading.text = "---\n" + "".join(left) + "---\n" + heading.text
    return heading


def _take(heading: Heading, key: str, value: "yaml.Node") -> bool:
    """Whether the memory has a place for it, and it fits there."""
    if key in _TAGS and not heading.tags:
        tags = _tags_of(value)
        if tags is not None:
            heading.tags = tags
        return tags is not None
    if not isinstance(value, yaml.ScalarNode):
        return False
    said = value.value.strip()
    if key in _TITLES and heading.title is None and 0 < len(said) <= LONGEST_TITLE and "\n" not in said:
        heading.title = said
        return True
    if (
        key in _ADDRESSES
        and heading.source_url is None
        and re.fullmatch(r"https?://[^\s\x00-\x1f\x7f-\x9f]{1,1900}", said)
    ):
        heading.source_url = said
        return True
    if key in _CREATED and heading.created_at is None:
        heading.created_at = as_instant(said)
        return heading.created_at is not None
    if key in _UPDATED and heading.updated_at is None:
        heading.updated_at = as_instant(said)
        return heading.updated_at is not None
    return False


def _tags_of(value: "yaml.Node") -> tuple[str, ...] | None:
    if isinstance(value, yaml.ScalarNode):
        found = re.split(r"[,\n]" if "," in value.value else r"\s+", value.value.strip())
    elif isinstance(value, yaml.SequenceNode) and all(isinstance(one, yaml.ScalarNode) for one in value.value):
        found = [one.value for one in value.value]
    else:
        return None
    tags = [as_tag(one) for one in found if one.strip()]
    fit = tuple(dict.fromkeys(tag for tag in tags if tag))
    # What does not fit stays where it is, all of it.
    return fit if len(fit) <= MOST_TAGS and None not in tags else None


def _last_line(value: "yaml.Node") -> int:
    end: int = value.end_mark.line
    return end - 1 if value.end_mark.column == 0 and end > value.start_mark.line else end
