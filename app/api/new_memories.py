"""Adding memories: one, or many at once, all or none of them.

What an app adds goes into its own memento "Saved by {App}", or into an integration that it made.
"""

from typing import Any

from app.api.errors import invalid_fields
from app.api.fields import Fields, Text, Texts, object_schema, read_object, read_objects
from app.api.idempotency import carry_out_once
from app.api.operation import Call, operation
from app.api.patterns import FOLDER, IDENTIFIER, ONE_LINE, WEB_ADDRESS
from app.api.representations import data_of, describe_memory, reference
from app.api.saved import ensure_source, find_own_integration
from app.memories.models import Integration
from app.memories.records import add_memories

#: How many memories one call may add, and how many characters their texts may have together.
MOST_AT_ONCE = 100
MOST_TEXT_AT_ONCE = 1_000_000

TITLE = Text(
    required=True,
    least=1,
    most=300,
    pattern=ONE_LINE,
    is_shown=True,
    hint="Must be one line with something visible in it.",
)
CONTENT = Text(required=True, least=1, most=100_000)
#: What may be changed later.
CHANGEABLE: Fields = {
    "title": TITLE,
    "text": CONTENT,
    "tags": Texts(
        default=[],
        most=20,
        each=Text(
            least=1,
            most=60,
            pattern=ONE_LINE,
            is_shown=True,
            hint="A tag must be one line with something visible in it.",
        ),
    ),
    "folder": Text(
        default="",
        most=500,
        pattern=FOLDER,
        is_shown=True,
        separator="/",
        hint="Must be names with '/' between them, each with something visible, such as Trips/Lisbon.",
        about="Its path inside the integration.",
    ),
    "source_url": Text(
        nullable=True, most=2000, pattern=WEB_ADDRESS, hint="Must be an address that begins with http:// or https://."
    ),
}
_NEW: Fields = CHANGEABLE | {
    "integration_id": Text(
        nullable=True,
        most=40,
        pattern=IDENTIFIER,
        hint="Must be the id of an integration.",
        about="Where to add it: an integration that this app made. Without it, the source behind the app's memento.",
    )
}
_BULK = {
    "type": "array",
    "description": f"The texts of all of them may have at most {MOST_TEXT_AT_ONCE} characters together.",
    "items": object_schema(_NEW),
    "minItems": 1,
    "maxItems": MOST_AT_ONCE,
    # What JSON Schema can say of that: as many as may be long, or as long as many may be.
    "anyOf": [
        {"maxItems": MOST_TEXT_AT_ONCE // CONTENT.most},
        {"items": {"properties": {"text": {"maxLength": MOST_TEXT_AT_ONCE // MOST_AT_ONCE}}}},
    ],
}
#: What of a memory's representation the server makes; the rest is what was sent.
_MADE = ("id", "integration_id", "integration_kind", "created_at", "updated_at")


@operation(
    "POST",
    "memories/",
    scopes=("memories:write",),
    summary="Add a memory",
    body=object_schema(_NEW),
    is_idempotent=True,
    answers={201: reference("Memory")},
)
def post_memory(call: Call) -> tuple[dict[str, Any], int]:
    draft = read_object(_NEW, call.body)
    return add_drafts(call, [draft])[0], 201


@operation(
    "POST",
    "memories/bulk/",
    scopes=("memories:write",),
    summary=f"Add up to {MOST_AT_ONCE} memories, all or none of them",
    body={
        "type": "object",
        "properties": {"memories": _BULK},
        "required": ["memories"],
        "additionalProperties": False,
    },
    is_idempotent=True,
    answers={201: data_of("Memory")},
)
def post_memories(call: Call) -> tuple[dict[str, Any], int]:
    """An error tells which of the memories it is about, counted from 0, as its ``index``."""
    drafts = read_objects(_NEW, _read_list(call.body))
    _check_text_together(drafts)
    return {"data": add_drafts(call, drafts)}, 201


def add_drafts(call: Call, drafts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add memories, once however often the request comes; their representations."""
    sent = [{name: value for name, value in draft.items() if name != "integration_id"} for draft in drafts]

    def add() -> list[dict[str, Any]]:
        sources = _find_sources(call, [draft.get("integration_id") for draft in drafts])
        memories = add_memories(zip(sources, sent, strict=True))
        call.note_written([memory.id for memory in memories])
        described = [describe_memory(memory) for memory in memories]
        return [{name: one[name] for name in _MADE} for one in described]

    return [{**draft, **made} for draft, made in zip(sent, carry_out_once(call, add), strict=True)]


def _read_list(body: Any) -> list[Any]:
    only = {"memories"}
    if not isinstance(body, dict) or body.keys() != only or not isinstance(body["memories"], list):
        sentence = "Send an object with the one field 'memories', a list."
        raise invalid_fields([{"field": "memories", "code": "type", "message": sentence}])
    if not 1 <= len(body["memories"]) <= MOST_AT_ONCE:
        sentence = f"Send from 1 to {MOST_AT_ONCE} memories at once."
        raise invalid_fields([{"field": "memories", "code": "too_long", "message": sentence}])
    return body["memories"]


def _check_text_together(drafts: list[dict[str, Any]]) -> None:
    if sum(len(draft["text"]) for draft in drafts) > MOST_TEXT_AT_ONCE:
        sentence = f"Send texts of at most {MOST_TEXT_AT_ONCE} characters together at once."
        raise invalid_fields([{"field": "memories", "code": "too_long", "message": sentence}])


def _find_sources(call: Call, integration_ids: list[str | None]) -> list[Integration]:
    """Where each of several new memories goes; None is the source behind the app's own memento."""
    chosen = {id: find_own_integration(call.token, id) for id in set(integration_ids) if id is not None}
    errors = [
        {
            "index": index,
            "field": "integration_id",
            "code": "unknown",
            "message": "There is no such integration that this app may add to; leave it out.",
        }
        for index, id in enumerate(integration_ids)
        if id is not None and chosen[id] is None
    ]
    if errors:
        raise invalid_fields(errors)
    return [ensure_source(call.token) if id is None else chosen[id] for id in integration_ids]
