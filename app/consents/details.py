"""The ``memento`` type of ``authorization_details`` (:rfc:`9396`): asked for by a client, told in tokens' answers."""

import json
from collections.abc import Collection
from typing import Any

from app.memories.reach import Reached

TYPE = "memento"
EVERYTHING = "all"

_FIELDS = {"type", "actions", "locations"}
_ACTIONS = {"read", "write"}


def find_details_problem(text: str, places: Collection[str]) -> str | None:
    """Returns what is wrong with a request's ``authorization_details``, as one ASCII sentence; None if nothing is.

    A client may ask for the type and say which actions it wants. It may not name an
    ``identifier``: which mementos it gets is for the person to pick. ``places`` are the ``locations`` it may name.
    """
    try:
        details = json.loads(text)
    except (ValueError, RecursionError):
        return "The parameter 'authorization_details' is not JSON."
    if not isinstance(details, list) or not all(isinstance(detail, dict) for detail in details):
        return "The parameter 'authorization_details' is not a JSON array of objects."
    for detail in details:
        if detail.get("type") != TYPE:
            return "The only type of authorization_details here is 'memento'."
        if "identifier" in detail:
            return "An 'identifier' cannot be asked for: the user picks the mementos."
        if not detail.keys() <= _FIELDS:
            return "A 'memento' of authorization_details may have 'type', 'actions' and 'locations' only."
        if not _is_list_within(detail.get("actions", []), _ACTIONS):
            return "The 'actions' of a 'memento' are 'read' and 'write'."
        if not _is_list_within(detail.get("locations", []), places):
            return "The 'locations' of a 'memento' can only be this server's API, or a resource that is asked for."
    return None


def _is_list_within(value: Any, allowed: Collection[str]) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and item in allowed for item in value)


def describe_mementos(reached: Reached, scopes: Collection[str], place: str) -> list[dict[str, Any]]:
    """Returns what a consent reaches now: one object a memento, one with ``all`` for everything, none for nothing.

    Mementos are told by identifier alone: their names are the person's own. An action is told
    when both the scopes and the person's choice allow it. ``place`` is the resource that they are used at.
    """
    everything, can_write = reached
    identifiers = sorted(can_write)
    if everything:
        # An app that sees everything is told only those in which it may also write.
        identifiers = [EVERYTHING, *[one for one in identifiers if can_write[one]]]
    locations = [place]
    details = []
    for identifier in identifiers:
        actions = ["read"] if "memories:read" in scopes else []
        if "memories:write" in scopes and can_write.get(identifier):
            actions.append("write")
        if actions:
            details.append({"type": TYPE, "identifier": identifier, "actions": actions, "locations": locations})
    return details
