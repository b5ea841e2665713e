"""The documents of the Rememberizer API, for clients that were written for it: its paths, parameters and answers.

Its agentic search is the same search: nothing here reasons about a question. Parameters that mean nothing here are let
pass, because such clients send them.
"""

from datetime import datetime
from typing import Annotated, Any, TypedDict
from urllib.parse import urlencode

from msgspec import Struct

from app.api.components import answer_schema
from app.api.serving import ROOT, serve
from app.config import settings
from app.operations.document_search import Asked, FoundDocuments, Question, search_documents
from app.operations.documents import (
    DiscussionContents,
    DocumentContents,
    DocumentPage,
    WantedPage,
    list_documents,
    read_discussion,
    read_document,
)
from app.operations.fields import Instant, Integer, Text
from app.operations.new_memories import Content, NewMemory, Title, add_memory
from app.operations.operation import Operation
from app.operations.results import Count, Moment, ShownDocument, ShownMemory
from app.operations.schemas import Says
from app.operations.shapes import Shape

_DEFAULT_CHUNKS = 5


class _AgenticQuestion(Struct, frozen=True, kw_only=True):
    """A search as the agentic search is sent."""

    query: Question
    n_chunks: Annotated[int | None, Integer(least=1, most=100, nullable=True, about="How many results.")] = (
        _DEFAULT_CHUNKS
    )
    user_context: Annotated[str | None, Text(most=20_000, nullable=True, about="It is taken, and changes nothing.")] = (
        None
    )
    begin: Annotated[
        datetime | None, Instant(name="from", nullable=True, about="Only memories created then or later.")
    ] = None
    end: Annotated[datetime | None, Instant(name="to", nullable=True, about="Only memories created before.")] = None


class _NewDocument(Struct, frozen=True, kw_only=True):
    """A memory to be added, by Rememberizer's names."""

    name: Title
    content: Content


class _Page(TypedDict):
    """A page of a list, with the addresses of its neighbours."""

    count: Count
    next: str | None
    previous: str | None
    results: list[ShownDocument]


class _MemorizedDocument(TypedDict):
    """What is told of a document that was added."""

    id: str
    name: str
    created_time: Moment


class _Memorized(TypedDict):
    """What was added."""

    data: list[_MemorizedDocument]
    message: str
    code: str | None


def _ask(question: _AgenticQuestion) -> Asked:
    number = question.n_chunks or _DEFAULT_CHUNKS
    return Asked(q=question.query, n=number, begin=question.begin, end=question.end)


def _draft(document: _NewDocument) -> NewMemory:
    return NewMemory(title=document.name, text=document.content)


def _show_memorized(memory: ShownMemory, _sent: _NewDocument) -> _Memorized:
    document: _MemorizedDocument = {
        "id": memory["id"],
        "name": memory["title"],
        "created_time": memory["created_at"],
    }
    return {"data": [document], "message": "The document is saved.", "code": None}


def _show_page(found: DocumentPage, wanted: WantedPage) -> _Page:
    is_last = wanted.page * wanted.page_size >= found["count"]
    return {
        "count": found["count"],
        "next": None if is_last else _address(wanted, wanted.page + 1),
        "previous": _address(wanted, wanted.page - 1) if wanted.page > 1 else None,
        "results": found["results"],
    }


def _address(wanted: WantedPage, page: int) -> str:
    parameters: dict[str, Any] = {"page": page, "page_size": wanted.page_size}
    if wanted.integration_type is not None:
        parameters["integration_type"] = wanted.integration_type
    return f"{settings().issuer}{ROOT}documents/?{urlencode(parameters)}"


#: No operation of ours: Rememberizer's clients ask for it, and what it would tell does not exist here.
_LIST_SHARED_KNOWLEDGE = Operation(
    name="list_shared_knowledge",
    summary="Rememberizer's shared knowledge that the person has added; there is none of that here",
    scopes=("memories:read",),
    gives=Annotated[list[dict[str, Any]], Says(maxItems=0)],
    act=lambda _caller: [],
)
_FOUND = answer_schema(FoundDocuments, is_closed=False)

serve(
    "GET",
    "documents/",
    list_documents,
    "get_documents",
    present=_show_page,
    answer=answer_schema(_Page, is_closed=False),
    is_lenient=True,
)
serve(
    "POST",
    "documents/memorize/",
    add_memory,
    "memorize_document",
    status=201,
    summary="Add a memory (as Rememberizer's document)",
    takes=Shape(_NewDocument),
    prepare=_draft,
    present=_show_memorized,
    answer=answer_schema(_Memorized, is_closed=False),
)
serve("GET", "documents/search/", search_documents, "search_documents", answer=_FOUND, is_lenient=True)
serve(
    "GET",
    "documents/agentic_search/",
    search_documents,
    "get_agentic_search",
    summary="The same search, under another of Rememberizer's names",
    answer=_FOUND,
    is_lenient=True,
)
serve(
    "POST",
    "documents/agentic_search/",
    search_documents,
    "post_agentic_search",
    summary="The same search, as Rememberizer's agentic search is sent",
    takes=Shape(_AgenticQuestion),
    prepare=_ask,
    answer=_FOUND,
    is_lenient=True,
)
serve(
    "GET",
    "documents/{memory_id}/contents/",
    read_document,
    "get_document_contents",
    answer=answer_schema(DocumentContents, is_closed=False),
    is_lenient=True,
)
serve(
    "GET",
    "discussions/{memory_id}/contents/",
    read_discussion,
    "get_discussion_contents",
    answer=answer_schema(DiscussionContents, is_closed=False),
    is_lenient=True,
)
serve(
    "GET",
    "common-knowledge/subscribed-list/",
    _LIST_SHARED_KNOWLEDGE,
    "get_subscribed_knowledge",
    is_lenient=True,
)
