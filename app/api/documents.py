"""The documents of the Rememberizer API, for clients that were written for it: our memories under its names.

Its ids are numbers and ours are not; everything else has the type its documentation gives. What it calls a chunk is
here the part of a memory's text around the first word that was looked for. Parameters that mean nothing here are
let pass, because such clients send them.
"""

from typing import Any
from urllib.parse import urlencode

from app.api.fields import KIND, Fields, Integer, Text, object_schema, read_object
from app.api.memories import CONTENT, TITLE, add_drafts
from app.api.operation import ROOT, Call, operation
from app.api.representations import RANGE, list_of, reference
from app.config import settings
from app.memories.models import Memory
from app.memories.records import count_by_integration, list_integrations_in_reach
from app.memories.search import Filters, list_memories_from, search_memories
from app.memories.words import excerpt, parse_query, score

_SEARCH: Fields = {
    "q": Text(required=True, least=1, most=4000, about="What is looked for, up to 400 words."),
    "n": Integer(least=1, most=100, default=3, about="How many results."),
    **RANGE,
}
_LIST: Fields = {
    "page": Integer(least=1, most=1_000_000, default=1),
    "page_size": Integer(least=1, most=100, default=10),
    "integration_type": Text(most=40, pattern=KIND, hint="Must be a kind of integration, such as google_drive."),
}
_MEMORIZE: Fields = {"name": TITLE, "content": CONTENT}

_NULLABLE_STRING = {"type": ["string", "null"]}
_COUNT = {"type": "integer", "minimum": 0}


@operation(
    "GET",
    "documents/search/",
    scopes=("memories:read",),
    summary="Search memories (as Rememberizer's documents)",
    query=_SEARCH,
    takes_anything_in_query=True,
    answers={
        200: {
            "type": "object",
            "properties": {
                "data_sources": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"name": {"type": "string"}, "documents": _COUNT},
                        "required": ["name", "documents"],
                    },
                },
                "matched_chunks": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "document": reference("Document"),
                            "matched_content": {"type": "string"},
                            "distance": {"type": "number", "minimum": 0, "maximum": 1},
                        },
                        "required": ["document", "matched_content", "distance"],
                    },
                },
            },
            "required": ["data_sources", "matched_chunks"],
        }
    },
)
def search_documents(call: Call) -> dict[str, Any]:
    """Memories with all of the words; if there is none, those with any of them, since ``q`` is often a question."""
    query = call.query
    filters = Filters(begin=query["from"], end=query["to"])
    words, memories = None, []
    for any_is_enough in (False, True):
        words = parse_query(query["q"], any_is_enough=any_is_enough)
        if words is not None and not memories:
            memories = search_memories(call.reach, words, filters, query["n"]).memories
    call.note_read([memory.id for memory in memories])
    return {
        "data_sources": _data_sources(memories),
        "matched_chunks": [
            {
                "document": _describe(memory),
                "matched_content": excerpt(words, memory.text),
                "distance": round(1 / (1 + score(words, memory.title, memory.text) / 50), 4),
            }
            for memory in memories
        ],
    }


@operation(
    "GET",
    "documents/",
    scopes=("memories:read",),
    summary="List memories by page number (as Rememberizer's documents)",
    query=_LIST,
    takes_anything_in_query=True,
    answers={
        200: {
            "type": "object",
            "properties": {
                "count": _COUNT,
                "next": _NULLABLE_STRING,
                "previous": _NULLABLE_STRING,
                "results": list_of("Document"),
            },
            "required": ["count", "next", "previous", "results"],
        }
    },
)
def get_documents(call: Call) -> dict[str, Any]:
    """Pages by number shift when memories are added; ``memories/`` has pages that do not."""
    query = call.query
    kind, page, size = query["integration_type"], query["page"], query["page_size"]
    count = _count(call, kind)
    begin = (page - 1) * size
    memories = []
    if begin < count:
        memories = list_memories_from(call.reach, Filters(integration_kind=kind), begin, size)
    call.note_read([memory.id for memory in memories])
    return {
        "count": count,
        "next": _address(query, page + 1) if begin + size < count else None,
        "previous": _address(query, page - 1) if page > 1 else None,
        "results": [_describe(memory) for memory in memories],
    }


@operation(
    "POST",
    "documents/memorize/",
    scopes=("memories:write",),
    summary="Add a memory (as Rememberizer's document)",
    body=object_schema(_MEMORIZE),
    is_idempotent=True,
    answers={
        201: {
            "type": "object",
            "properties": {
                "data": {"type": "array", "items": {"type": "object"}},
                "message": {"type": "string"},
                "code": _NULLABLE_STRING,
            },
            "required": ["data", "message", "code"],
        }
    },
)
def memorize_document(call: Call) -> tuple[dict[str, Any], int]:
    fields = read_object(_MEMORIZE, call.body)
    draft = {"title": fields["name"], "text": fields["content"], "tags": [], "folder": "", "source_url": None}
    memory = add_drafts(call, [draft])[0]
    document = {"id": memory["id"], "name": memory["title"], "created_time": memory["created_at"]}
    return {"data": [document], "message": "The document is saved.", "code": None}, 201


def _count(call: Call, kind: str | None) -> int:
    if kind is None:
        return sum(count_by_integration(call.reach).values())
    return sum(count for integration, count in list_integrations_in_reach(call.reach) if integration.kind == kind)


def _data_sources(memories: list[Memory]) -> list[dict[str, Any]]:
    counts: dict[str, int] = {}
    for memory in memories:
        counts[memory.integration.kind] = counts.get(memory.integration.kind, 0) + 1
    return [{"name": kind, "documents": count} for kind, count in counts.items()]


def _address(query: dict[str, Any], page: int) -> str:
    parameters = {"page": page, "page_size": query["page_size"]}
    if query["integration_type"] is not None:
        parameters["integration_type"] = query["integration_type"]
    return f"{settings().issuer}{ROOT}documents/?{urlencode(parameters)}"


def _describe(memory: Memory) -> dict[str, Any]:
    return {
        "id": memory.id,
        "pk": memory.id,
        "document_id": memory.id,
        "name": memory.title,
        "type": "text/plain",
        "path": f"/{memory.folder}/{memory.title}" if memory.folder else f"/{memory.title}",
        "url": memory.source_url,
        "size": len(memory.text.encode()),
        "source": memory.integration.name,
        "status": "indexed",
        "status_error_message": None,
        "created_time": memory.created_at.isoformat(),
        "modified_time": memory.updated_at.isoformat(),
        "indexed_on": memory.updated_at.isoformat(),
        "integration_type": memory.integration.kind,
        "integration": {"id": memory.integration_id, "integration_type": memory.integration.kind},
    }
