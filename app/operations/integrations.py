"""Integrations: where the memories come from, how fresh they are, and how many of them the caller reaches.

An app sees the integrations that its consent lets it see memories of, or that the person picked as a whole or by
folder. One that asked for no memories at all sees them all, as the person read when they allowed it: there is no choice
of mementos to go by. An app may rename what it sees and report how its sync went. Deleting an integration deletes its
memories: so an app may delete one that it reaches as a whole and that holds none, or none but such as it may delete. An integration that an app makes is the person's; it is
put into the app's own memento "Saved by {App}", so that the app reaches it and may add memories to it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypedDict

from msgspec import Struct
from msgspec.structs import asdict

from app.consents.receipts import DELETED
from app.database.locks import to_change, to_delete
from app.memories.models import Integration
from app.memories.records import (
    Amount,
    Found,
    add_integration,
    find_integration,
    list_ids_in_integration,
    list_integrations_in_reach,
    measure_by_integration,
)
from app.memories.records import change_integration as change_record
from app.memories.records import delete_integration as delete_record
from app.memories.totals import AccountFull, demand_room_for_source
from app.operations.caller import Caller, find_mementos_of
from app.operations.fields import Choice, Instant, Text
from app.operations.idempotency import Idempotency
from app.operations.operation import operation
from app.operations.patterns import KIND, ONE_LINE
from app.operations.refusals import account_full, not_found, not_writable
from app.operations.results import ShownIntegration, show_integration
from app.operations.saved import demand_may_add, keep_in_own_memento
from app.operations.shapes import Change, Shape

_Kind = Annotated[
    str,
    Text(
        least=1,
        most=40,
        pattern=KIND,
        hint="Must be lower-case letters, digits and '_', such as google_drive.",
        about="What it is, such as google_drive.",
    ),
]
_Name = Annotated[
    str,
    Text(least=1, most=100, pattern=ONE_LINE, is_shown=True, hint="Must be one line with something visible in it."),
]
_Status = Annotated[
    str,
    Choice(choices=("connected", "syncing", "paused", "error", "disconnected"), about="How the connection does."),
]
_SyncedAt = Annotated[datetime | None, Instant(nullable=True, about="When the sync last came to its end.")]


class IntegrationFields(Struct, frozen=True, kw_only=True):
    """What an app may change of an integration."""

    name: _Name
    status: _Status = "connected"
    last_synced_at: _SyncedAt = None


class NewIntegration(Struct, frozen=True, kw_only=True):
    """An integration to be made."""

    kind: _Kind
    name: _Name
    status: _Status = "connected"
    last_synced_at: _SyncedAt = None


class IntegrationList(TypedDict):
    """A whole list of integrations, with a message and a code as Rememberizer's has them."""

    data: list[ShownIntegration]
    message: str
    code: str | None


@operation(
    summary="List the integrations within reach, the oldest first",
    scopes=("integrations:read",),
    gives=IntegrationList,
)
def list_integrations(caller: Caller) -> IntegrationList:
    amounts = measure_by_integration(caller.session, caller.reach)
    within_reach = list_integrations_in_reach(caller.session, caller.reach)
    return {
        "data": [show_integration(one, amounts.get(one.id, Amount())) for one in within_reach],
        "message": "These integrations are within reach.",
        "code": None,
    }


@operation(summary="Read one integration", scopes=("integrations:read",), gives=ShownIntegration)
def read_integration(caller: Caller, integration_id: str) -> ShownIntegration:
    return _show(caller, _get(caller, integration_id).record)


@operation(
    summary="Make an integration, which the app may then add memories to",
    scopes=("integrations:write",),
    takes=Shape(NewIntegration),
    gives=ShownIntegration,
    idempotency=Idempotency(),
)
def make_integration(caller: Caller, new: NewIntegration) -> ShownIntegration:
    """Make it. Raises ``not_writable`` or ``account_full``."""
    demand_may_add(caller)
    owner = {"organization_id": caller.organization_id} if caller.user_id is None else {"user_id": caller.user_id}
    try:
        demand_room_for_source(caller.session, user_id=caller.user_id, organization_id=caller.organization_id)
    except AccountFull as error:
        raise account_full(str(error)) from None
    integration = add_integration(caller.session, **owner, **asdict(new))
    keep_in_own_memento(caller, integration)
    return show_integration(integration, Amount())


@operation(
    summary="Change some fields of an integration",
    scopes=("integrations:write",),
    takes=Change(IntegrationFields),
    gives=ShownIntegration,
)
def change_integration(caller: Caller, integration_id: str, changes: Mapping[str, Any]) -> ShownIntegration:
    found = _get(caller, integration_id, to_change)
    before = found.record.name
    change_record(caller.session, found.record, changes)
    if caller.journal is not None and found.record.name != before:
        caller.journal.add_renamed_source(found.record, before)
    return _show(caller, found.record)


@operation(summary="Delete an integration and its memories", scopes=("integrations:write",), gives=None)
def delete_integration(caller: Caller, integration_id: str) -> None:
    """End an integration. Raises ``not_found`` or ``not_writable``."""
    found = _get(caller, integration_id, to_delete)
    memory_ids = list_ids_in_integration(caller.session, integration_id)
    if not found.is_writable or (memory_ids and "memories:write" not in caller.scopes):
        raise not_writable("Its memories would go with it, and this app may not delete them; the person decides that.")
    if memory_ids:
        caller.note_written(DELETED, memory_ids, find_mementos_of(caller, memory_ids))
    if caller.journal is not None:
        caller.journal.add_deleted_source(found.record)
    delete_record(caller.session, found.record)


def _get(caller: Caller, integration_id: str, lock: Any = None) -> Found:
    found = find_integration(caller.session, caller.reach, integration_id, lock=lock)
    if found is None:
        raise not_found()
    return found


def _show(caller: Caller, integration: Integration) -> ShownIntegration:
    amounts = measure_by_integration(caller.session, caller.reach, integration.id)
    return show_integration(integration, amounts.get(integration.id, Amount()))
