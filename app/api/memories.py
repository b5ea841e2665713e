"""Memories: list, search, one, and changing and deleting them.

An app reads what the person's consent covers at this moment, and changes what lies in its own memento or in one the
person ticked *write* for. What it adds goes into its own memento "Saved by {App}". An organization's own token reads
and changes that organization's memories and nobody else's.
"""

from typing import Any

from sqlalchemy import select

from app.api.cursors import format_cursor, read_cursor
from app.api.errors import invalid_cursor, not_found, not_writable
from app.api.fields import Fields, Text, object_schema, read_object
from app.api.new_memories import CHANGEABLE
from app.api.operation import Call, operation
from app.api.patterns import IDENTIFIER
from app.api.representations import PAGING, RANGE, describe_memory, page_of, reference
from app.consents.details import EVERYTHING
from app.extensions import db
from app.memories.contents import memories_of_mementos
from app.memories.models import Memory
from app.memories.records import (
    change_memory,
    delete_memory,
    find_memory,
    still_writable,
)
from app.memories.search import Filters, Page, UnusablePosition, list_memories, search_memories
from app.memories.words import parse_query

_FILTERS: Fields = {
    "q": Text(
        most=500,
        about="Words to look for, best first. Words in quotation marks must stand together.",
    ),
    "memento": Text(most=40, pattern=IDENTIFIER, hint="Must be the id of a memento."),
    "integration": Text(most=40, pattern=IDENTIFIER, hint="Must be the id of an integration."),
    "tag": Text(most=60),
    **RANGE,
    **PAGING,
}


@operation(
    "GET",
    "memories/",
    scopes=("memories:read",),
    summary="List memories, the newest first; with q search them, the best first",
    query=_FILTERS,
    answers={200: page_of("Memory")},
)
def get_memories(call: Call) -> dict[str, Any]:
    """A page may be followed by an empty one: the end is where ``next_cursor`` is null."""
    query = call.query
    page = _find_page(call, (query["q"] or "").strip())
    call.note_read([memory.id for memory in page.memories])
    return {
        "data": [describe_memory(memory) for memory in page.memories],
        "next_cursor": format_cursor(_kind(query), page.position),
    }


@operation(
    "GET",
    "memories/{memory_id}/",
    scopes=("memories:read",),
    summary="Read one memory",
    answers={200: reference("Memory")},
)
def get_memory(call: Call, memory_id: str) -> dict[str, Any]:
    found = find_memory(call.reach, memory_id)
    if found is None:
        raise not_found()
    call.note_read([memory_id])
    return describe_memory(found.record)


@operation(
    "PATCH",
    "memories/{memory_id}/",
    scopes=("memories:write",),
    summary="Change some fields of a memory",
    body=object_schema(CHANGEABLE, is_change=True),
    answers={200: reference("Memory")},
)
def patch_memory(call: Call, memory_id: str) -> dict[str, Any]:
    changes = read_object(CHANGEABLE, call.body, is_change=True)
    memory = _get_writable(call, memory_id)
    change_memory(memory, changes)
    if not still_writable(call.reach, memory):
        raise not_writable("That folder is not in a memento that this app may write in; choose another.")
    call.note_written([memory_id])
    return describe_memory(memory)


@operation(
    "DELETE",
    "memories/{memory_id}/",
    scopes=("memories:write",),
    summary="Delete a memory",
    answers={204: None},
)
def remove_memory(call: Call, memory_id: str) -> tuple[None, int]:
    memory = _get_writable(call, memory_id)
    # Nobody can find out later where it lay.
    call.note_written([memory_id], _mementos_of(call, memory_id))
    delete_memory(memory)
    return None, 204


def _kind(query: dict[str, Any]) -> str:
    return "search" if (query["q"] or "").strip() else "list"


def _find_page(call: Call, sought: str) -> Page:
    query = call.query
    filters = Filters(
        memento_id=query["memento"],
        integration_id=query["integration"],
        tag=query["tag"],
        begin=query["from"],
        end=query["to"],
    )
    after = read_cursor(_kind(query), query["cursor"])
    try:
        if not sought:
            return list_memories(call.reach, filters, query["limit"], after)
        words = parse_query(sought)
        return Page([]) if words is None else search_memories(call.reach, words, filters, query["limit"], after)
    except UnusablePosition:
        raise invalid_cursor() from None


def _get_writable(call: Call, memory_id: str) -> Memory:
    found = find_memory(call.reach, memory_id)
    if found is None:
        raise not_found()
    if not found.is_writable:
        raise not_writable("This app may read this memory and not change it; the person decides that in /account.")
    return found.record


def _mementos_of(call: Call, memory_id: str) -> list[str]:
    """Those of the consent's mementos in which the memory lies."""
    return [
        memento_id
        for memento_id in call.mementos
        if memento_id == EVERYTHING
        or db.session.scalar(select(Memory.id).where(Memory.id == memory_id, memories_of_mementos([memento_id])))
    ]
