"""Receipts to take along: as JSON, and as a table."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from app.personal.activity.entries import Entry, list_after
from app.personal.activity.filters import Wanted

_AT_ONCE = 200
_COLUMNS = ("time", "app", "connection", "act", "question", "calls", "memories", "mementos", "named")


def write_rows(wanted: Wanted) -> Iterator[Iterable[str | int]]:
    """Yields the rows of a table, one for each kind of act in a minute and for each question."""
    yield _COLUMNS
    for entry in _walk(wanted):
        yield from _rows_of(entry)


def write_json(wanted: Wanted) -> Iterator[str]:
    """Yields one JSON object with the list ``receipts``."""
    yield '{"receipts": ['
    for place, entry in enumerate(_walk(wanted)):
        yield ("" if place == 0 else ",") + "\n" + json.dumps(_describe(entry), ensure_ascii=False)
    yield "\n]}\n"


def _walk(wanted: Wanted) -> Iterator[Entry]:
    entries = list_after(wanted, None, _AT_ONCE)
    while entries:
        yield from entries
        entries = list_after(wanted, entries[-1], _AT_ONCE) if len(entries) == _AT_ONCE else []


def _rows_of(entry: Entry) -> Iterator[list[str | int]]:
    mementos = "; ".join(f"{name or '(deleted)'}: {count}" for name, count in entry.parts)
    about: list[str | int] = [entry.at.isoformat(), entry.app_name, entry.grant_id]
    if not entry.details:
        yield [*about, entry.action, "", "", entry.count, mementos, ""]
    for detail in entry.details:
        named = "; ".join(memory.title or f"deleted:{memory.id}" for memory in detail.memories)
        yield [*about, detail.kind, detail.question, detail.calls, detail.count, mementos, named]


def _describe(entry: Entry) -> dict[str, Any]:
    return {
        "time": entry.at.isoformat(),
        "app": entry.app_name,
        "connection": entry.grant_id,
        "action": entry.action,
        "memories": entry.count,
        "mementos": [{"name": name, "memories": count} for name, count in entry.parts],
        "details": [
            {
                "act": detail.kind,
                "question": detail.question or None,
                "calls": detail.calls,
                "memories": detail.count,
                "named": [{"id": memory.id, "title": memory.title} for memory in detail.memories],
            }
            for detail in entry.details
        ],
    }
