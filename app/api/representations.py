"""What the API answers with: each representation beside its JSON Schema."""

from typing import Any

from app.api.fields import Fields, Instant, Integer, Text
from app.config import settings
from app.memories.models import Integration, Memory
from app.memories.records import Amount

_INSTANT = {"type": "string", "format": "date-time"}
_NULLABLE_INSTANT = {"type": ["string", "null"], "format": "date-time"}
_STRING = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}

#: What Rememberizer calls the documents of an integration, where it has a name of its own for them.
_DOCUMENT_TYPES = {"google_drive": "drive", "slack": "channel"}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    """An object that has all of these and nothing else."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def reference(name: str) -> dict[str, str]:
    """A schema of :data:`COMPONENTS`, by name."""
    return {"$ref": f"#/components/schemas/{name}"}


def page_of(name: str) -> dict[str, Any]:
    """The schema of a page of a list."""
    return _object(data=list_of(name), next_cursor={"type": ["string", "null"]})


def list_of(name: str) -> dict[str, Any]:
    return {"type": "array", "items": reference(name)}


def data_of(name: str) -> dict[str, Any]:
    """The schema of a whole list."""
    return _object(data=list_of(name))


def manage_url(grant_id: str) -> str:
    """The page on which the person changes this consent, or ends it."""
    return f"{settings().issuer}/account/apps/{grant_id}/"


def describe_memory(memory: Memory) -> dict[str, Any]:
    """A memory as the API shows it: ``Memory`` of :data:`COMPONENTS`."""
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


def describe_integration(integration: Integration, amount: Amount) -> dict[str, Any]:
    """An integration as the API shows it: ``Integration`` of :data:`COMPONENTS`."""
    synced = integration.last_synced_at
    return {
        "id": integration.id,
        "kind": integration.kind,
        "name": integration.name,
        "status": integration.status,
        "last_synced_at": None if synced is None else synced.isoformat(),
        "memory_count": amount.count,
        "created_at": integration.created_at.isoformat(),
        # The same under Rememberizer's names. What is here at all is indexed.
        "integration_type": integration.kind,
        "integration_step": "unauthorized" if integration.status == "disconnected" else "authorized",
        "source": integration.name,
        "document_type": _DOCUMENT_TYPES.get(integration.kind, "document"),
        "document_stats": {
            "status": {"indexed": amount.count, "indexing": 0, "error": 0},
            "total_size": amount.size,
            "document_count": amount.count,
        },
    }


def describe_document(memory: Memory) -> dict[str, Any]:
    """A memory under Rememberizer's names: ``Document`` of :data:`COMPONENTS`."""
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


COMPONENTS: dict[str, dict[str, Any]] = {
    "Memory": _object(
        id=_STRING,
        title=_STRING,
        text=_STRING,
        tags={"type": "array", "items": _STRING},
        folder={"type": "string", "description": "Its path inside the integration, such as Trips/Lisbon, or empty."},
        source_url={"type": ["string", "null"]},
        integration_id=_STRING,
        integration_kind=_STRING,
        created_at=_INSTANT,
        updated_at=_INSTANT,
    ),
    "Integration": _object(
        id=_STRING,
        kind=_STRING,
        name=_STRING,
        status=_STRING,
        last_synced_at=_NULLABLE_INSTANT,
        memory_count={
            **_COUNT,
            "description": "How many of its memories the consent covers; all, if it is of integrations alone.",
        },
        created_at=_INSTANT,
        integration_type={**_STRING, "description": "As kind."},
        integration_step={"enum": ["authorized", "unauthorized"]},
        source={**_STRING, "description": "As name."},
        document_type=_STRING,
        document_stats=_object(
            status=_object(indexed=_COUNT, indexing=_COUNT, error=_COUNT),
            total_size={**_COUNT, "description": "Bytes of the texts of what memory_count counts."},
            document_count={**_COUNT, "description": "As memory_count."},
        ),
    ),
    "Memento": _object(
        id={"type": "string", "description": "An id, or 'all' for everything, also what is added later."},
        name=_STRING,
        actions={"type": "array", "items": {"enum": ["read", "write"]}},
        memory_count=_COUNT,
    ),
    "MementoDetail": _object(
        id={"type": "string", "description": "An id, or 'all' for everything, also what is added later."},
        name=_STRING,
        actions={"type": "array", "items": {"enum": ["read", "write"]}},
        memory_count=_COUNT,
        document_ids={
            "type": ["array", "null"],
            "items": _STRING,
            "description": "The memories in it, if the app has made it: all of them are the app's own.",
        },
    ),
    "Document": _object(
        id=_STRING,
        pk=_STRING,
        document_id=_STRING,
        name=_STRING,
        type=_STRING,
        path=_STRING,
        url={"type": ["string", "null"]},
        size=_COUNT,
        source=_STRING,
        status=_STRING,
        status_error_message={"type": ["string", "null"]},
        created_time=_INSTANT,
        modified_time=_INSTANT,
        indexed_on=_INSTANT,
        integration_type=_STRING,
        integration=_object(id=_STRING, integration_type=_STRING),
    ),
    "Error": {
        "type": "object",
        "properties": {
            "code": {"type": "string", "description": "For programs; it does not change."},
            "message": {"type": "string", "description": "For people: what happened and what to do."},
            "request_id": {"type": "string", "description": "As in the X-Request-ID header and in the server's log."},
            "scope": {"type": "string", "description": "The scopes that the token lacks, separated by spaces."},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "index": {**_COUNT, "description": "Which of several objects."},
                        "field": _STRING,
                        "code": _STRING,
                        "message": _STRING,
                    },
                    "required": ["field", "code", "message"],
                    "additionalProperties": False,
                },
            },
        },
        "required": ["code", "message", "request_id"],
        "additionalProperties": False,
    },
}

#: What lists of memories take to be narrowed and read page by page.
RANGE: Fields = {
    "from": Instant(about="Only memories created then or later."),
    "to": Instant(about="Only memories created before."),
}
PAGING: Fields = {
    "limit": Integer(least=1, most=100, default=25, about="How many at most."),
    "cursor": Text(most=4000, about="The next_cursor of the page before."),
}
