"""Documents: our memories under Rememberizer's names, by page number, and the text of one, for clients written for it.

Its ids are numbers and ours are not; everything else has the type its documentation gives.
"""

from collections.abc import Collection
from datetime import datetime
from math import ceil
from typing import Annotated, TypedDict

from msgspec import Struct

from app.memories.models import Memory
from app.memories.records import count_all, count_kind, find_memory
from app.memories.search import Filters, list_memories_from
from app.operations.caller import Caller
from app.operations.fields import Instant, Integer, Text
from app.operations.operation import operation
from app.operations.patterns import KIND
from app.operations.refusals import not_found
from app.operations.results import Count, ShownDocument, show_document
from app.operations.schemas import Says
from app.operations.shapes import Shape

#: How many characters of a text are a chunk, and how many chunks one call gives: together the longest text.
_CHUNK = 5_000
_MOST_CHUNKS = 20
_CHATS = ("discord", "slack")


class WantedPage(Struct, frozen=True, kw_only=True):
    """Which page of all documents, or of those of one kind of integration."""

    page: Annotated[int, Integer(least=1, most=1_000_000, about="Which page.")] = 1
    page_size: Annotated[int, Integer(least=1, most=1000, about="How many on each page.")] = 10
    integration_type: Annotated[
        str | None,
        Text(
            most=40,
            pattern=KIND,
            hint="Must be a kind of integration, such as google_drive.",
            about="Only documents of integrations of this kind, such as google_drive.",
        ),
    ] = None


class WantedChunks(Struct, frozen=True, kw_only=True):
    """Which part of a text."""

    start_chunk: Annotated[
        int, Integer(least=0, most=1_000_000, about="The first chunk; a chunk has 5000 characters.")
    ] = 0
    end_chunk: Annotated[
        int | None, Integer(least=0, most=1_000_000, about="The chunk before which to end; at most 20 after the first.")
    ] = None


class WantedDiscussion(Struct, frozen=True, kw_only=True):
    """Of which kind the discussion is to be, and of which time."""

    integration_type: Annotated[
        str | None,
        Text(
            most=40,
            pattern=KIND,
            hint="Must be a kind of integration, such as slack.",
            about="Of which kind its integration must be, such as slack.",
        ),
    ] = None
    begin: Annotated[
        datetime | None, Instant(name="from", about="Nothing is told of a discussion that was created earlier.")
    ] = None
    end: Annotated[
        datetime | None,
        Instant(
            name="to",
            about="Nothing is told of a discussion that was created later. Either may be the earlier one.",
        ),
    ] = None


class DocumentPage(TypedDict):
    """Documents of one page, and how many there are on all pages."""

    count: Count
    results: list[ShownDocument]


class DocumentContents(TypedDict):
    """Chunks of a text."""

    content: str
    end_chunk: Annotated[int, Says(minimum=0, description="Where the next call goes on.")]


class DiscussionContents(TypedDict):
    """A chat, which is one text here, without threads of its own."""

    discussion_content: str
    thread_contents: Annotated[
        dict[str, str],
        Says(additionalProperties={"type": "string"}, maxProperties=0, description="Empty: there are no threads here."),
    ]


@operation(
    summary="List memories by page number (as Rememberizer's documents)",
    scopes=("memories:read",),
    takes=Shape(WantedPage),
    gives=DocumentPage,
)
def list_documents(caller: Caller, wanted: WantedPage) -> DocumentPage:
    """Pages by number shift when memories are added; those of ``list_memories`` do not."""
    session, reach, kind = caller.session, caller.reach, wanted.integration_type
    count = count_all(session, reach) if kind is None else count_kind(session, reach, kind)
    begin = (wanted.page - 1) * wanted.page_size
    results = []
    if begin < count:
        memories = list_memories_from(session, reach, Filters(integration_kind=kind), begin, wanted.page_size)
        results = [show_document(memory) for memory in memories]
    caller.note_read([one["id"] for one in results])
    return {"count": count, "results": results}


@operation(
    summary="Read the text of one memory (as Rememberizer's document)",
    scopes=("memories:read",),
    takes=Shape(WantedChunks),
    gives=DocumentContents,
)
def read_document(caller: Caller, memory_id: str, wanted: WantedChunks) -> DocumentContents:
    text = _get(caller, memory_id).text
    caller.note_read([memory_id])
    chunks = ceil(len(text) / _CHUNK)
    begin = min(wanted.start_chunk, chunks)
    end = min(begin + _MOST_CHUNKS, chunks)
    if wanted.end_chunk is not None:
        end = max(begin, min(end, wanted.end_chunk))
    return {"content": text[begin * _CHUNK : end * _CHUNK], "end_chunk": end}


@operation(
    summary="Read one memory from a chat (as Rememberizer's discussion)",
    scopes=("memories:read",),
    takes=Shape(WantedDiscussion),
    gives=DiscussionContents,
)
def read_discussion(caller: Caller, memory_id: str, wanted: WantedDiscussion) -> DiscussionContents:
    kinds = _CHATS if wanted.integration_type is None else (wanted.integration_type,)
    memory = _get(caller, memory_id, kinds=[kind for kind in kinds if kind in _CHATS])
    if not _is_between(memory.created_at, wanted.begin, wanted.end):
        return {"discussion_content": "", "thread_contents": {}}
    caller.note_read([memory_id])
    return {"discussion_content": memory.text, "thread_contents": {}}


def _get(caller: Caller, memory_id: str, kinds: Collection[str] | None = None) -> Memory:
    found = find_memory(caller.session, caller.reach, memory_id)
    if found is None or (kinds is not None and found.record.integration.kind not in kinds):
        raise not_found()
    memory: Memory = found.record
    return memory


def _is_between(at: datetime, one: datetime | None, other: datetime | None) -> bool:
    """Rememberizer's page says that ``from`` is the later one; its examples send it as the earlier. Both are taken."""
    if one is not None and other is not None and one > other:
        one, other = other, one
    return (one is None or one <= at) and (other is None or at <= other)
