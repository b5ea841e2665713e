"""Memories: list, search, one, and adding, changing and deleting them.

An app reads what the person's consent covers at this moment, and changes what lies in its own memento or in one the
person ticked *write* for. What it adds goes into its own memento "Saved by {App}". An organization's own token reads
and changes that organization's memories and nobody else's.
"""

from typing import Any

from sqlalchemy import select

from app.api.cursors import format_cursor, read_cursor
from app.api.errors import invalid_cursor, invalid_fields, not_found, not_writable
from app.api.fields import (
    FOLDER,
    IDENTIFIER,
    ONE_LINE,
    WEB_ADDRESS,
    Fields,
    Text,
    Texts,
    object_schema,
    read_object,
    read_objects,
)
from app.api.idempotency import carry_out_once
from app.api.operation import Call, operation
from app.api.representations import PAGING, RANGE, data_of, describe_memory, page_of, reference
from app.api.saved import ensure_source, find_own_integration
from app.extensions import db
from app.memories.contents import memories_of_mementos
from app.memories.models import Integration, Memory
from app.memories.records import (
    add_memories,
    change_memory,
    delete_memory,
    find_memory,
    still_writable,
)
from app.memories.search import Filters, Page, UnusablePosition, list_memories, search_memories
from app.memories.words import parse_query
from app.oauth.memento_details import EVERYTHING

#: How many memories one call may add.
MOST_AT_ONCE = 100

TITLE = Text(
    required=True,
    least=1,
    most=300,
    pattern=ONE_LINE,
    is_shown=True,
    hint="Must be one line with something visible in it.",
)
CONTENT = Text(required=True, least=1, most=100_000)
_CHANGEABLE: Fields = {
    "title": TITLE,
    "text": CONTENT,
    "tags": Texts(
        default=[],
        most=20,
        each=Text(
            least=1,
            most=60,
            pattern=ONE_LINE,
            is_shown=True,
            hint="A tag must be one line with something visible in it.",
        ),
    ),
    "folder": Text(
        default="",
        most=500,
        pattern=FOLDER,
        is_shown=True,
        separator="/",
        hint="Must be names with '/' between them, each with something visible, such as Trips/Lisbon.",
        about="Its path inside the integration.",
    ),
    "source_url": Text(
        nullable=True, most=2000, pattern=WEB_ADDRESS, hint="Must be an address that begins with http:// or https://."
    ),
}
_NEW: Fields = _CHANGEABLE | {
    "integration_id": Text(
        nullable=True,
        most=40,
        pattern=IDENTIFIER,
        hint="Must be the id of an integration.",
        about="Where to add it: an integration that this app made. Without it, the source behind the app's memento.",
    )
}
#: What of a memory's representation the server makes; the rest is what was sent.
_MADE = ("id", "integration_id", "integration_kind", "created_at", "updated_at")

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
    "POST",
    "memories/",
    scopes=("memories:write",),
    summary="Add a memory",
    body=object_schema(_NEW),
    is_idempotent=True,
    answers={201: reference("Memory")},
)
def post_memory(call: Call) -> tuple[dict[str, Any], int]:
    draft = read_object(_NEW, call.body)
    return add_drafts(call, [draft])[0], 201


@operation(
    "POST",
    "memories/bulk/",
    scopes=("memories:write",),
    summary=f"Add up to {MOST_AT_ONCE} memories, all or none of them",
    body={
        "type": "object",
        "properties": {
            "memories": {
                "type": "array",
                "items": object_schema(_NEW),
                "minItems": 1,
                "maxItems": MOST_AT_ONCE,
            }
        },
        "required": ["memories"],
        "additionalProperties": False,
    },
    is_idempotent=True,
    answers={201: data_of("Memory")},
)
def post_memories(call: Call) -> tuple[dict[str, Any], int]:
    """An error tells which of the memories it is about, counted from 0, as its ``index``."""
    drafts = read_objects(_NEW, _read_list(call.body))
    return {"data": add_drafts(call, drafts)}, 201


@operation(
    "PATCH",
    "memories/{memory_id}/",
    scopes=("memories:write",),
    summary="Change some fields of a memory",
    body=object_schema(_CHANGEABLE, is_change=True),
    answers={200: reference("Memory")},
)
def patch_memory(call: Call, memory_id: str) -> dict[str, Any]:
    changes = read_object(_CHANGEABLE, call.body, is_change=True)
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


def add_drafts(call: Call, drafts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add memories, once however often the request comes; their representations."""
    sent = [{name: value for name, value in draft.items() if name != "integration_id"} for draft in drafts]

    def add() -> list[dict[str, Any]]:
        sources = _find_sources(call, [draft.get("integration_id") for draft in drafts])
        memories = add_memories(zip(sources, sent, strict=True))
        call.note_written([memory.id for memory in memories])
        described = [describe_memory(memory) for memory in memories]
        return [{name: one[name] for name in _MADE} for one in described]

    return [{**draft, **made} for draft, made in zip(sent, carry_out_once(call, add), strict=True)]


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


def _read_list(body: Any) -> list[Any]:
    only = {"memories"}
    if not isinstance(body, dict) or body.keys() != only or not isinstance(body["memories"], list):
        sentence = "Send an object with the one field 'memories', a list."
        raise invalid_fields([{"field": "memories", "code": "type", "message": sentence}])
    if not 1 <= len(body["memories"]) <= MOST_AT_ONCE:
        sentence = f"Send from 1 to {MOST_AT_ONCE} memories at once."
        raise invalid_fields([{"field": "memories", "code": "too_long", "message": sentence}])
    return body["memories"]


def _get_writable(call: Call, memory_id: str) -> Memory:
    found = find_memory(call.reach, memory_id)
    if found is None:
        raise not_found()
    if not found.is_writable:
        raise not_writable("This app may read this memory and not change it; the person decides that in /account.")
    return found.record


def _find_sources(call: Call, integration_ids: list[str | None]) -> list[Integration]:
    """Where each of several new memories goes; None is the source behind the app's own memento."""
    chosen = {id: find_own_integration(call.token, id) for id in set(integration_ids) if id is not None}
    errors = [
        {
            "index": index,
            "field": "integration_id",
            "code": "unknown",
            "message": "There is no such integration that this app may add to; leave it out.",
        }
        for index, id in enumerate(integration_ids)
        if id is not None and chosen[id] is None
    ]
    if errors:
        raise invalid_fields(errors)
    return [ensure_source(call.token) if id is None else chosen[id] for id in integration_ids]


def _mementos_of(call: Call, memory_id: str) -> list[str]:
    """Those of the consent's mementos in which the memory lies."""
    return [
        memento_id
        for memento_id in call.mementos
        if memento_id == EVERYTHING
        or db.session.scalar(select(Memory.id).where(Memory.id == memory_id, memories_of_mementos([memento_id])))
    ]
