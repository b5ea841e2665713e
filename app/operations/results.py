"""What operations return: JSON as it is shown to an app, and how each is made of a record."""

from typing import Annotated, Literal, TypedDict

from app.memories.models import Integration, Memory
from app.memories.records import Amount
from app.operations.schemas import Says

Count = Annotated[int, Says(minimum=0)]
Moment = Annotated[str, Says(format="date-time")]
Actions = list[Literal["read", "write"]]
_MementoId = Annotated[str, Says(description="An id, or 'all' for everything, also what is added later.")]

#: What Rememberizer calls the documents of an integration, where it has a name of its own for them.
_DOCUMENT_TYPES = {"google_drive": "drive", "slack": "channel"}


class ShownMemory(TypedDict):
    """A memory."""

    id: str
    title: str
    text: str
    tags: list[str]
    folder: Annotated[str, Says(description="Its path inside the integration, such as Trips/Lisbon, or empty.")]
    source_url: str | None
    integration_id: str
    integration_kind: str
    created_at: Moment
    updated_at: Moment


class MemoryPage(TypedDict):
    """A page of a list of memories."""

    data: list[ShownMemory]
    next_cursor: str | None


class MemoryList(TypedDict):
    """A whole list of memories."""

    data: list[ShownMemory]


class DocumentStatus(TypedDict):
    """How many documents of an integration can be searched, are on their way, and failed."""

    indexed: Count
    indexing: Count
    error: Count


class DocumentStats(TypedDict):
    """An integration in numbers."""

    status: DocumentStatus
    total_size: Annotated[int, Says(minimum=0, description="Bytes of the texts of what memory_count counts.")]
    document_count: Annotated[int, Says(minimum=0, description="As memory_count.")]


class ShownIntegration(TypedDict):
    """An integration; from ``integration_type`` on the same under Rememberizer's names."""

    id: str
    kind: str
    name: str
    status: str
    last_synced_at: Moment | None
    memory_count: Annotated[
        int,
        Says(
            minimum=0,
            description="How many of its memories the consent covers; all, if it is of integrations alone.",
        ),
    ]
    created_at: Moment
    integration_type: Annotated[str, Says(description="As kind.")]
    integration_step: Literal["authorized", "unauthorized"]
    source: Annotated[str, Says(description="As name.")]
    document_type: str
    document_stats: DocumentStats


class ShownMemento(TypedDict):
    """A memento that the person chose for the app, or that the app has made."""

    id: _MementoId
    name: str
    actions: Actions
    memory_count: Count


class ShownMementoDetail(ShownMemento):
    """The same with what is in it."""

    document_ids: Annotated[
        list[str] | None,
        Says(description="The memories in it, if the app has made it: all of them are the app's own."),
    ]


class MementoList(TypedDict):
    """What the person chose for the app, and what it has made."""

    selection: Literal["all", "selected", "none"]
    manage_url: Annotated[str, Says(description="The page where the person changes the choice.")]
    data: list[ShownMemento]
    made: Annotated[list[ShownMemento], Says(description="Those that the app has made itself.")]


class DocumentIntegration(TypedDict):
    """Where a document comes from."""

    id: str
    integration_type: str


class ShownDocument(TypedDict):
    """A memory under Rememberizer's names."""

    id: str
    pk: str
    document_id: str
    name: str
    type: str
    path: str
    url: str | None
    size: Count
    source: str
    status: str
    status_error_message: str | None
    created_time: Moment
    modified_time: Moment
    indexed_on: Moment
    integration_type: str
    integration: DocumentIntegration


def manage_url(issuer: str, grant_id: str) -> str:
    """Returns the address of the page on which the person changes this consent, or ends it."""
    return f"{issuer}/account/apps/{grant_id}/"


def show_memory(memory: Memory) -> ShownMemory:
    """Returns a memory as an app sees it."""
    return {
        "id": memory.id,
        "title": memory.title,
        "text": memory.text,
        "tags": sorted(tag.tag for tag in memory.tags),
        "folder": memory.folder,
        "source_url": memory.source_url,
        "integration_id": memory.integration_id,
        "integration_kind": memory.integration.kind,
        "created_at": memory.created_at.isoformat(),
        "updated_at": memory.updated_at.isoformat(),
    }


def show_integration(integration: Integration, amount: Amount) -> ShownIntegration:
    """Returns an integration as an app sees it."""
    synced = integration.last_synced_at
    return {
        "id": integration.id,
        "kind": integration.kind,
        "name": integration.name,
        "status": integration.status,
        "last_synced_at": None if synced is None else synced.isoformat(),
        "memory_count": amount.count,
        "created_at": integration.created_at.isoformat(),
        "integration_type": integration.kind,
        # What is here at all is indexed.
        "integration_step": "unauthorized" if integration.status == "disconnected" else "authorized",
        "source": integration.name,
        "document_type": _DOCUMENT_TYPES.get(integration.kind, "document"),
        "document_stats": {
            "status": {"indexed": amount.count, "indexing": 0, "error": 0},
            "total_size": amount.size,
            "document_count": amount.count,
        },
    }


def show_document(memory: Memory) -> ShownDocument:
    """Returns a memory under Rememberizer's names."""
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
