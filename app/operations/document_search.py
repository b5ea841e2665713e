"""Searching documents. What Rememberizer calls a chunk is here the part of a text around the first match."""

from collections.abc import Sequence
from typing import Annotated, TypedDict

from msgspec import Struct

from app.memories.models import Memory
from app.memories.search import Filters, search_memories
from app.memories.words import Words, excerpt, parse_query, score
from app.operations.caller import Caller
from app.operations.fields import Integer, Text
from app.operations.narrowing import From, To
from app.operations.operation import operation
from app.operations.results import Count, ShownDocument, show_document
from app.operations.schemas import Says
from app.operations.shapes import Shape

Question = Annotated[str, Text(least=1, most=4000, about="What is looked for, up to 400 words.")]


class Asked(Struct, frozen=True, kw_only=True):
    """What is looked for, and how many results are wanted."""

    q: Question
    n: Annotated[int, Integer(least=1, most=100, about="How many results.")] = 3
    begin: From = None
    end: To = None


class DataSource(TypedDict):
    """A kind of integration, and how many of the results come from it."""

    name: str
    documents: Count


class MatchedChunk(TypedDict):
    """A document, the part of it that matched, and how far that is from the question."""

    document: ShownDocument
    matched_content: str
    distance: Annotated[float, Says(minimum=0, maximum=1)]


class FoundDocuments(TypedDict):
    """What a search has found, the best first."""

    data_sources: list[DataSource]
    matched_chunks: list[MatchedChunk]


@operation(
    summary="Search memories (as Rememberizer's documents)",
    scopes=("memories:read",),
    takes=Shape(Asked),
    gives=FoundDocuments,
)
def search_documents(caller: Caller, asked: Asked) -> FoundDocuments:
    """Find memories with all of the words; if there is none, those with any of them, since it is often a question."""
    filters = Filters(begin=asked.begin, end=asked.end)
    words: Words | None = None
    memories: Sequence[Memory] = []
    for any_is_enough in (False, True):
        words = parse_query(asked.q, any_is_enough=any_is_enough)
        if words is not None and not memories:
            memories = search_memories(caller.session, caller.reach, words, filters, asked.n).memories
    caller.note_read([memory.id for memory in memories], asked.q)
    return {
        "data_sources": _data_sources(memories),
        "matched_chunks": [] if words is None else [_chunk(words, memory) for memory in memories],
    }


def _chunk(words: Words, memory: Memory) -> MatchedChunk:
    return {
        "document": show_document(memory),
        "matched_content": excerpt(words, memory.text),
        "distance": round(1 / (1 + score(words, memory.title, memory.text) / 50), 4),
    }


def _data_sources(memories: Sequence[Memory]) -> list[DataSource]:
    counts: dict[str, int] = {}
    for memory in memories:
        counts[memory.integration.kind] = counts.get(memory.integration.kind, 0) + 1
    return [{"name": kind, "documents": count} for kind, count in counts.items()]
