"""A conversation as text: who said what, one after the other."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from msgspec import Struct


class Said(Struct, frozen=True):
    """What one of them said in one go."""

    who: str
    words: str
    at: datetime | None = None


def write_down(said: Iterable[Said]) -> str:
    """Returns a conversation in Markdown; what has no words is left out."""
    parts, before = [], ""
    for one in said:
        words = one.words.strip()
        if not words:
            continue
        # Several messages in a row are one answer.
        parts.append(words if one.who == before else f"**{one.who}:**\n\n{words}")
        before = one.who
    return "\n\n".join(parts)


def as_text(value: Any) -> str:
    """Returns a value that should be text; empty where it is none."""
    return value if isinstance(value, str) else ""


def as_list(value: Any) -> list[Any]:
    """Returns a value that should be a list; empty where it is none."""
    return value if isinstance(value, list) else []


def as_object(value: Any) -> dict[str, Any]:
    """Returns a value that should be an object; empty where it is none."""
    return value if isinstance(value, dict) else {}
