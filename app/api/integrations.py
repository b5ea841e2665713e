"""Integrations: where the memories come from, how fresh they are, and how many of them the token reaches.

An app sees the integrations that its consent lets it see memories of, or that the person picked as a whole or by
folder. One that asked for no memories at all sees them all, as the person read when they allowed it: there is no choice
of mementos to go by. An app may rename what it sees and report how its sync went. It may delete only an integration
whose memories it reaches as a whole, because they go with it. An integration that an app makes is the person's; it is
put into the app's own memento "Saved by {App}", so that the app reaches it and may add memories to it.
"""

from typing import Any

from app.api.errors import not_found, not_writable
from app.api.fields import Choice, Fields, Instant, Text, object_schema, read_object
from app.api.idempotency import carry_out_once
from app.api.operation import Call, operation
from app.api.patterns import KIND, ONE_LINE
from app.api.representations import data_of, describe_integration, reference
from app.api.saved import keep_in_own_memento
from app.memories.models import Integration
from app.memories.records import (
    Amount,
    add_integration,
    change_integration,
    delete_integration,
    find_integration,
    list_integrations_in_reach,
    measure_by_integration,
)

_CHANGEABLE: Fields = {
    "name": Text(
        required=True,
        least=1,
        most=100,
        pattern=ONE_LINE,
        is_shown=True,
        hint="Must be one line with something visible in it.",
    ),
    "status": Choice(
        default="connected",
        choices=("connected", "syncing", "paused", "error", "disconnected"),
        about="How the connection does.",
    ),
    "last_synced_at": Instant(nullable=True, about="When the sync last came to its end."),
}
_NEW: Fields = {
    "kind": Text(
        required=True,
        least=1,
        most=40,
        pattern=KIND,
        hint="Must be lower-case letters, digits and '_', such as google_drive.",
    ),
    **_CHANGEABLE,
}
_DATA = data_of("Integration")
#: Rememberizer's list has a message and a code.
_LISTED = {
    **_DATA,
    "properties": {**_DATA["properties"], "message": {"type": "string"}, "code": {"type": ["string", "null"]}},
    "required": [*_DATA["required"], "message", "code"],
}


@operation(
    "GET",
    "integrations/",
    scopes=("integrations:read",),
    summary="List the integrations within reach, the oldest first",
    answers={200: _LISTED},
)
def get_integrations(call: Call) -> dict[str, Any]:
    amounts = measure_by_integration(call.reach)
    return {
        "data": [
            describe_integration(one, amounts.get(one.id, Amount())) for one in list_integrations_in_reach(call.reach)
        ],
        "message": "These integrations are within reach.",
        "code": None,
    }


@operation(
    "GET",
    "integrations/{integration_id}/",
    scopes=("integrations:read",),
    summary="Read one integration",
    answers={200: reference("Integration")},
)
def get_integration(call: Call, integration_id: str) -> dict[str, Any]:
    found = find_integration(call.reach, integration_id)
    if found is None:
        raise not_found()
    return _describe(call, found.record)


@operation(
    "POST",
    "integrations/",
    scopes=("integrations:write",),
    summary="Make an integration, which the app may then add memories to",
    body=object_schema(_NEW),
    is_idempotent=True,
    answers={201: reference("Integration")},
)
def post_integration(call: Call) -> tuple[dict[str, Any], int]:
    fields = read_object(_NEW, call.body)

    def add() -> dict[str, Any]:
        owner = {"user_id": call.token.user_id}
        if call.token.user_id is None:
            owner = {"organization_id": call.token.organization_id}
        integration = add_integration(**owner, **fields)
        keep_in_own_memento(call.token, integration)
        return describe_integration(integration, Amount())

    return carry_out_once(call, add), 201


@operation(
    "PATCH",
    "integrations/{integration_id}/",
    scopes=("integrations:write",),
    summary="Change some fields of an integration",
    body=object_schema(_CHANGEABLE, is_change=True),
    answers={200: reference("Integration")},
)
def patch_integration(call: Call, integration_id: str) -> dict[str, Any]:
    changes = read_object(_CHANGEABLE, call.body, is_change=True)
    found = find_integration(call.reach, integration_id)
    if found is None:
        raise not_found()
    change_integration(found.record, changes)
    return _describe(call, found.record)


@operation(
    "DELETE",
    "integrations/{integration_id}/",
    scopes=("integrations:write",),
    summary="Delete an integration and its memories",
    answers={204: None},
)
def remove_integration(call: Call, integration_id: str) -> tuple[None, int]:
    found = find_integration(call.reach, integration_id)
    if found is None:
        raise not_found()
    if not found.is_writable:
        raise not_writable("This app does not reach all of this integration, and its memories would go with it.")
    delete_integration(found.record)
    return None, 204


def _describe(call: Call, integration: Integration) -> dict[str, Any]:
    amounts = measure_by_integration(call.reach, integration.id)
    return describe_integration(integration, amounts.get(integration.id, Amount()))
