"""Rememberizer's searches for documents. What it calls a chunk is here the part of a text around the first match.

Its agentic search is the same search: nothing here reasons about a question. Parameters that mean nothing here are let
pass, because such clients send them.
"""

from datetime import datetime
from typing import Any

from app.api.errors import invalid_fields
from app.api.fields import Fields, Instant, Integer, Text, object_schema, read_object
from app.api.operation import Call, operation
from app.api.representations import RANGE, describe_document, reference
from app.database.engine import expect_reads_only
from app.memories.models import Memory
from app.memories.search import Filters, search_memories
from app.memories.words import excerpt, parse_query, score

_QUESTION = Text(least=1, most=4000, required=True, about="What is looked for, up to 400 words.")
_NUMBER = Integer(least=1, most=100, default=3, about="How many results.")
_SEARCH: Fields = {"q": _QUESTION, "n": _NUMBER, **RANGE}
_AGENTIC: Fields = {
    "query": _QUESTION,
    "n_chunks": Integer(least=1, most=100, default=5, nullable=True, about="How many results."),
    "user_context": Text(most=20_000, nullable=True, about="It is taken, and changes nothing."),
    "from": Instant(nullable=True, about="Only memories created then or later."),
    "to": Instant(nullable=True, about="Only memories created before."),
}

_ANSWER = {
    "type": "object",
    "properties": {
        "data_sources": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "documents": {"type": "integer", "minimum": 0}},
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


@operation(
    "GET",
    "documents/search/",
    scopes=("memories:read",),
    summary="Search memories (as Rememberizer's documents)",
    query=_SEARCH,
    takes_anything_in_query=True,
    answers={200: _ANSWER},
)
def search_documents(call: Call) -> dict[str, Any]:
    return _search(call, call.query["q"], call.query["n"], call.query["from"], call.query["to"])


@operation(
    "GET",
    "documents/agentic_search/",
    scopes=("memories:read",),
    summary="The same search, under another of Rememberizer's names",
    query=_SEARCH,
    takes_anything_in_query=True,
    answers={200: _ANSWER},
)
def get_agentic_search(call: Call) -> dict[str, Any]:
    return search_documents(call)


@operation(
    "POST",
    "documents/agentic_search/",
    scopes=("memories:read",),
    summary="The same search, as Rememberizer's agentic search is sent",
    body=object_schema(_AGENTIC) | {"additionalProperties": True},
    answers={200: _ANSWER},
)
def post_agentic_search(call: Call) -> dict[str, Any]:
    # It only reads, whatever the method says, and must not wait for whoever writes.
    expect_reads_only(True)
    if not isinstance(call.body, dict):
        raise invalid_fields([{"field": "", "code": "type", "message": "Must be an object."}])
    sent = {name: value for name, value in call.body.items() if name in _AGENTIC and (value != "" or name == "query")}
    asked = read_object(_AGENTIC, sent)
    return _search(call, asked["query"], asked["n_chunks"] or _AGENTIC["n_chunks"].default, asked["from"], asked["to"])


def _search(call: Call, question: str, number: int, begin: datetime | None, end: datetime | None) -> dict[str, Any]:
    """Memories with all of the words; if there is none, those with any of them, since it is often a question."""
    filters = Filters(begin=begin, end=end)
    words, memories = None, []
    for any_is_enough in (False, True):
        words = parse_query(question, any_is_enough=any_is_enough)
        if words is not None and not memories:
            memories = search_memories(call.reach, words, filters, number).memories
    call.note_read([memory.id for memory in memories])
    return {
        "data_sources": _data_sources(memories),
        "matched_chunks": [
            {
                "document": describe_document(memory),
                "matched_content": excerpt(words, memory.text),
                "distance": round(1 / (1 + score(words, memory.title, memory.text) / 50), 4),
            }
            for memory in memories
        ],
    }


def _data_sources(memories: list[Memory]) -> list[dict[str, Any]]:
    counts: dict[str, int] = {}
    for memory in memories:
        counts[memory.integration.kind] = counts.get(memory.integration.kind, 0) + 1
    return [{"name": kind, "documents": count} for kind, count in counts.items()]
