"""Which mementos the consent covers now, by the names the person gave them; and those that the app has made.

An app may make mementos, fill and delete them, in Rememberizer's shapes; what of them it may touch, ``made`` says. What
a consent covers is for the person alone to choose: making a memento adds nothing to it.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from app.api.errors import ApiError, invalid_fields, not_found
from app.api.fields import Fields, Text, Texts, object_schema, read_object
from app.api.idempotency import carry_out_once
from app.api.made import MOST_IN_ONE, change_contents, empty, find_made, list_made, make, select_held, unmake
from app.api.operation import Call, operation
from app.api.patterns import IDENTIFIER, ONE_LINE
from app.api.representations import data_of, list_of, manage_url, reference
from app.config import settings
from app.consents.details import EVERYTHING, describe_mementos
from app.consents.made import MadeMemento
from app.extensions import db
from app.memories.built_in import ALL
from app.memories.contents import is_own, select_counts
from app.memories.mementos import NAME_LENGTH
from app.memories.models import Memento, Memory
from app.scopes import reaches_memories

_SCHEMA = data_of("Memento")
_NEW: Fields = {
    "name": Text(
        required=True,
        least=1,
        most=NAME_LENGTH,
        pattern=ONE_LINE,
        is_shown=True,
        hint="Must be one line with something visible in it.",
        about="No two that the app makes are called alike.",
    )
}
_MEMORY_ID = Text(least=1, most=40, pattern=IDENTIFIER, hint="Must be the id of a memory.")
_NO_FOLDERS = Texts(default=[], most=0, each=_MEMORY_ID, about="Folders have no ids here, so there are none to name.")
_CHANGE: Fields = {
    "memento": Text(
        nullable=True, most=40, pattern=IDENTIFIER, hint="Must be the memento of the path, or be left out."
    ),
    "add": Texts(default=[], most=MOST_IN_ONE, each=_MEMORY_ID, about="Memories that the app has added."),
    "remove": Texts(default=[], most=MOST_IN_ONE, each=_MEMORY_ID, about="Those that are not in it are let pass."),
    "folder_add": _NO_FOLDERS,
    "folder_remove": _NO_FOLDERS,
}


@operation(
    "GET",
    "mementos/",
    summary="Which mementos the person chose for this app, and what it may do in each",
    answers={
        200: {
            **_SCHEMA,
            "properties": {
                "selection": {"enum": ["all", "selected", "none"]},
                "manage_url": {"type": "string", "description": "The page where the person changes the choice."},
                **_SCHEMA["properties"],
                "made": {**list_of("Memento"), "description": "Those that the app has made itself."},
            },
            "required": ["selection", "manage_url", "data", "made"],
        }
    },
)
def get_mementos(call: Call) -> dict[str, Any]:
    """Any token of a person may ask. What it may do nowhere is not listed."""
    _demand_person(call)
    counts = _counts(call.token.user_id)
    made = [_describe_made(call, one) for one in list_made(call.token)]
    return {
        "selection": call.token.selection if reaches_memories(call.scopes) else "none",
        "manage_url": manage_url(call.token.grant_id),
        "data": _list_covered(call, counts),
        "made": [one for one in made if one["actions"]],
    }


@operation(
    "GET",
    "mementos/{memento_id}/",
    summary="Read one memento that the person chose for this app, or that the app has made",
    answers={200: reference("MementoDetail")},
)
def get_memento(call: Call, memento_id: str) -> dict[str, Any]:
    _demand_person(call)
    made = find_made(call.token, memento_id)
    if made is not None:
        return _detail(call, made)
    covered = next((one for one in _list_covered(call, _counts(call.token.user_id)) if one["id"] == memento_id), None)
    if covered is None:
        raise not_found()
    return covered | {"document_ids": None}


@operation(
    "POST",
    "mementos/",
    scopes=("memories:write",),
    summary="Make a memento, empty at first; it is the person's, and this app's to fill",
    body=object_schema(_NEW),
    is_idempotent=True,
    answers={201: reference("MementoDetail")},
)
def post_memento(call: Call) -> tuple[dict[str, Any], int]:
    _demand_person(call)
    name = read_object(_NEW, call.body)["name"]
    return carry_out_once(call, lambda: _detail(call, make(call.token, name))), 201


@operation(
    "DELETE",
    "mementos/{memento_id}/",
    scopes=("memories:write",),
    summary="Delete a memento that this app has made; the memories stay",
    answers={204: None},
)
def remove_memento(call: Call, memento_id: str) -> tuple[None, int]:
    _note_moved(call, memento_id, unmake(call.token, _get_made(call, memento_id)))
    return None, 204


@operation(
    "POST",
    "mementos/memento_document/{memento_id}/",
    scopes=("memories:write",),
    summary="Put memories that this app has added into a memento that it has made, and take others out",
    body=object_schema(_CHANGE),
    answers={200: reference("MementoDetail")},
)
def post_memento_documents(call: Call, memento_id: str) -> dict[str, Any]:
    change = read_object(_CHANGE, call.body)
    if change["memento"] not in (None, memento_id):
        raise invalid_fields([{"field": "memento", "code": "unknown", "message": _CHANGE["memento"].hint}])
    made = _get_made(call, memento_id)
    changed = change_contents(call.token, made, change["add"], change["remove"])
    _note_moved(call, memento_id, changed)
    return _detail(call, made)


@operation(
    "DELETE",
    "mementos/memento_document/{memento_id}/",
    scopes=("memories:write",),
    summary="Take all memories out of a memento that this app has made",
    answers={204: None},
)
def remove_memento_documents(call: Call, memento_id: str) -> tuple[None, int]:
    _note_moved(call, memento_id, empty(call.token, _get_made(call, memento_id)))
    return None, 204


def _demand_person(call: Call) -> None:
    if call.token.user_id is None:
        raise ApiError(403, "not_a_person", "This token speaks for an organization, and only people have mementos.")


def _get_made(call: Call, memento_id: str) -> MadeMemento:
    """One that another app made, or this app under an earlier connection, is as if it did not exist."""
    _demand_person(call)
    made = find_made(call.token, memento_id)
    if made is None:
        raise not_found()
    return made


def _note_moved(call: Call, memento_id: str, memory_ids: list[str]) -> None:
    """A receipt of what went in or out, under this memento: where they lie later says nothing of that."""
    if memory_ids:
        call.note_written(memory_ids, [memento_id] * len(memory_ids))


def _detail(call: Call, made: MadeMemento) -> dict[str, Any]:
    ids = list(db.session.scalars(select_held(call.token, made)))
    return _describe_made(call, made) | {"document_ids": ids}


def _describe_made(call: Call, made: MadeMemento) -> dict[str, Any]:
    held = select_held(call.token, made).order_by(None).subquery()
    scopes = {"read": "memories:read", "write": "memories:write"}
    return {
        "id": made.memento_id,
        "name": made.name,
        "actions": [action for action, scope in scopes.items() if scope in call.scopes],
        "memory_count": db.session.scalar(select(func.count()).select_from(held)),
    }


def _list_covered(call: Call, counts: Mapping[str, int]) -> list[dict[str, Any]]:
    details = describe_mementos(call.reach, call.scopes, settings().issuer)
    names = _names(call.token.user_id)
    return [
        {
            "id": detail["identifier"],
            "name": names[detail["identifier"]],
            "actions": detail["actions"],
            "memory_count": counts.get(detail["identifier"], 0),
        }
        for detail in details
        if detail["identifier"] in names
    ]


def _names(user_id: str) -> dict[str, str]:
    own = db.session.execute(select(Memento.id, Memento.name).where(Memento.user_id == user_id))
    return {EVERYTHING: ALL.name, **dict(own.all())}


def _counts(user_id: str) -> dict[str, int]:
    counts = {EVERYTHING: db.session.scalar(select(func.count()).select_from(Memory).where(is_own(user_id)))}
    for memento_id, _kind, _name, count in db.session.execute(select_counts(), {"user_id": user_id}):
        counts[memento_id] = counts.get(memento_id, 0) + int(count)
    return counts
