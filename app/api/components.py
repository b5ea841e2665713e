"""What the API answers with, in JSON Schema: the representations that its description names, and references to them."""

from typing import Any

from app.api.errors import ShownError
from app.operations.results import (
    ShownDocument,
    ShownIntegration,
    ShownMemento,
    ShownMementoDetail,
    ShownMemory,
)
from app.operations.schemas import object_of, schema_of

_NAMES: dict[Any, str] = {
    ShownMemory: "Memory",
    ShownIntegration: "Integration",
    ShownMemento: "Memento",
    ShownMementoDetail: "MementoDetail",
    ShownDocument: "Document",
    ShownError: "Error",
}


def answer_schema(kind: Any, *, is_closed: bool = True) -> dict[str, Any] | None:
    """Returns the schema of what a route answers with, from its type; None for no content."""
    return None if kind is None else schema_of(kind, _refer, is_closed=is_closed)


def components() -> dict[str, dict[str, Any]]:
    """Returns the schemas that others refer to, by name."""
    return {name: object_of(kind, _refer) for kind, name in _NAMES.items()}


def _refer(kind: Any) -> dict[str, str] | None:
    # A list or an Annotated may hold what cannot be hashed.
    name = next((name for known, name in _NAMES.items() if known is kind), None)
    return None if name is None else {"$ref": f"#/components/schemas/{name}"}


#: What refers to the error.
ERROR = _refer(ShownError)
