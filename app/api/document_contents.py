"""Rememberizer's contents of a document, and of a discussion, which is a memory from a chat."""

from datetime import datetime
from math import ceil
from typing import Any

from app.api.errors import not_found
from app.api.fields import Fields, Instant, Integer, Text
from app.api.operation import Call, operation
from app.api.patterns import KIND
from app.memories.models import Memory
from app.memories.records import find_memory

#: How many characters of a text are a chunk, and how many chunks one call gives: together the longest text.
_CHUNK = 5_000
_MOST_CHUNKS = 20
_CHATS = ("discord", "slack")

_CHUNKS: Fields = {
    "start_chunk": Integer(least=0, most=1_000_000, default=0, about="The first chunk; a chunk has 5000 characters."),
    "end_chunk": Integer(least=0, most=1_000_000, about="The chunk before which to end; at most 20 after the first."),
}
_DISCUSSION: Fields = {
    "integration_type": Text(most=40, pattern=KIND, hint="Must be a kind of integration, such as slack."),
    "from": Instant(about="Nothing is told of a discussion that was created earlier."),
    "to": Instant(about="Nothing is told of a discussion that was created later. Either may be the earlier one."),
}


@operation(
    "GET",
    "documents/{memory_id}/contents/",
    scopes=("memories:read",),
    summary="Read the text of one memory (as Rememberizer's document)",
    query=_CHUNKS,
    takes_anything_in_query=True,
    answers={
        200: {
            "type": "object",
            "properties": {
                "content": {"type": "string"},
                "end_chunk": {"type": "integer", "minimum": 0, "description": "Where the next call goes on."},
            },
            "required": ["content", "end_chunk"],
        }
    },
)
def get_document_contents(call: Call, memory_id: str) -> dict[str, Any]:
    text = _get(call, memory_id).text
    call.note_read([memory_id])
    chunks = ceil(len(text) / _CHUNK)
    begin, wanted = min(call.query["start_chunk"], chunks), call.query["end_chunk"]
    end = min(begin + _MOST_CHUNKS, chunks)
    if wanted is not None:
        end = max(begin, min(end, wanted))
    return {"content": text[begin * _CHUNK : end * _CHUNK], "end_chunk": end}


@operation(
    "GET",
    "discussions/{memory_id}/contents/",
    scopes=("memories:read",),
    summary="Read one memory from a chat (as Rememberizer's discussion)",
    query=_DISCUSSION,
    takes_anything_in_query=True,
    answers={
        200: {
            "type": "object",
            "properties": {"discussion_content": {"type": "string"}, "thread_contents": {"type": "object"}},
            "required": ["discussion_content", "thread_contents"],
        }
    },
)
def get_discussion_contents(call: Call, memory_id: str) -> dict[str, Any]:
    """A chat is one text here, without threads of its own."""
    query = call.query
    kinds = _CHATS if query["integration_type"] is None else (query["integration_type"],)
    memory = _get(call, memory_id, kinds=[kind for kind in kinds if kind in _CHATS])
    if not _is_between(memory.created_at, query["from"], query["to"]):
        return {"discussion_content": "", "thread_contents": {}}
    call.note_read([memory_id])
    return {"discussion_content": memory.text, "thread_contents": {}}


def _get(call: Call, memory_id: str, kinds: list[str] | None = None) -> Memory:
    found = find_memory(call.reach, memory_id)
    if found is None or (kinds is not None and found.record.integration.kind not in kinds):
        raise not_found()
    return found.record


def _is_between(at: datetime, one: datetime | None, other: datetime | None) -> bool:
    """Rememberizer says that ``from`` is the later one, and its own examples send it as the earlier."""
    if one is not None and other is not None and one > other:
        one, other = other, one
    return (one is None or one <= at) and (other is None or at <= other)
