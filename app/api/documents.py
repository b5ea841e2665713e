"""The documents of the Rememberizer API, for clients that were written for it: our memories under its names.

Its ids are numbers and ours are not; everything else has the type its documentation gives. Parameters that mean
nothing here are let pass, because such clients send them.
"""

from typing import Any
from urllib.parse import urlencode

from app.api.fields import Fields, Integer, Text, object_schema, read_object
from app.api.new_memories import CONTENT, TITLE, add_drafts
from app.api.operation import ROOT, Call, operation
from app.api.patterns import KIND
from app.api.representations import describe_document, list_of
from app.config import settings
from app.memories.records import count_by_integration, count_kind
from app.memories.search import Filters, list_memories_from

_LIST: Fields = {
    "page": Integer(least=1, most=1_000_000, default=1),
    "page_size": Integer(least=1, most=1000, default=10),
    "integration_type": Text(most=40, pattern=KIND, hint="Must be a kind of integration, such as google_drive."),
}
_MEMORIZE: Fields = {"name": TITLE, "content": CONTENT}

_NULLABLE_STRING = {"type": ["string", "null"]}
_COUNT = {"type": "integer", "minimum": 0}


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
    count = sum(count_by_integration(call.reach).values()) if kind is None else count_kind(call.reach, kind)
    begin = (page - 1) * size
    results = []
    if begin < count:
        memories = list_memories_from(call.reach, Filters(integration_kind=kind), begin, size)
        results = [describe_document(memory) for memory in memories]
    call.note_read([one["id"] for one in results])
    return {
        "count": count,
        "next": _address(query, page + 1) if begin + size < count else None,
        "previous": _address(query, page - 1) if page > 1 else None,
        "results": results,
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


@operation(
    "GET",
    "common-knowledge/subscribed-list/",
    scopes=("memories:read",),
    summary="Rememberizer's shared knowledge that the person has added; there is none of that here",
    takes_anything_in_query=True,
    answers={200: {"type": "array", "items": {"type": "object"}, "maxItems": 0}},
)
def get_subscribed_knowledge(_call: Call) -> list[Any]:
    return []


def _address(query: dict[str, Any], page: int) -> str:
    parameters = {"page": page, "page_size": query["page_size"]}
    if query["integration_type"] is not None:
        parameters["integration_type"] = query["integration_type"]
    return f"{settings().issuer}{ROOT}documents/?{urlencode(parameters)}"
