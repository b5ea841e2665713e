"""Which mementos the consent covers now, by the names the person gave them; and those that the app has made.

An app may make mementos, fill and delete them; what of them it may touch, ``made`` says. What a consent covers is for
the person alone to choose: making a memento adds nothing to it.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, cast

from msgspec import Struct, field
from sqlalchemy import func, select

from app.consents.details import EVERYTHING, describe_mementos
from app.consents.made import MadeMemento
from app.consents.receipts import ARRANGED
from app.memories.built_in import ALL
from app.memories.contents import is_own, select_counts
from app.memories.mementos import NAME_LENGTH
from app.memories.models import Memento, Memory
from app.memories.reach import limits_of
from app.operations.caller import Caller
from app.operations.fields import Text, Texts
from app.operations.idempotency import Idempotency
from app.operations.made import MOST_IN_ONE, change_contents, empty, find_made, list_made, make, select_held, unmake
from app.operations.operation import operation
from app.operations.patterns import IDENTIFIER, ONE_LINE
from app.operations.refusals import invalid_field, not_found
from app.operations.results import Actions, MementoList, ShownMemento, ShownMementoDetail, manage_url
from app.operations.shapes import Shape
from app.scopes import reaches_memories

_MEMORY_ID = Text(least=1, most=40, pattern=IDENTIFIER, hint="Must be the id of a memory.")
_NO_FOLDERS = Texts(most=0, each=_MEMORY_ID, about="Folders have no ids here, so there are none to name.")
_OTHER_MEMENTO = "Must be the memento of the path, or be left out."


class NewMemento(Struct, frozen=True, kw_only=True):
    """A memento to be made."""

    name: Annotated[
        str,
        Text(
            least=1,
            most=NAME_LENGTH,
            pattern=ONE_LINE,
            is_shown=True,
            hint="Must be one line with something visible in it.",
            about="No two that the app makes are called alike.",
        ),
    ]


class ContentsChange(Struct, frozen=True, kw_only=True):
    """What goes into a memento and what comes out of it."""

    memento: Annotated[
        str | None,
        Text(
            nullable=True, most=40, pattern=IDENTIFIER, hint=_OTHER_MEMENTO, about="The memento of the path once more."
        ),
    ] = None
    add: Annotated[list[str], Texts(most=MOST_IN_ONE, each=_MEMORY_ID, about="Memories that the app has added.")] = (
        field(default_factory=list)
    )
    remove: Annotated[
        list[str], Texts(most=MOST_IN_ONE, each=_MEMORY_ID, about="Those that are not in it are let pass.")
    ] = field(default_factory=list)
    folder_add: Annotated[list[str], _NO_FOLDERS] = field(default_factory=list)
    folder_remove: Annotated[list[str], _NO_FOLDERS] = field(default_factory=list)


@operation(
    summary="Which mementos the person chose for this app, and what it may do in each",
    gives=MementoList,
    for_people=True,
)
def list_mementos(caller: Caller) -> MementoList:
    """Any token of a person may ask. What it may do nowhere is not listed."""
    made = [_show_made(caller, one) for one in list_made(caller)]
    selection = caller.selection if reaches_memories(caller.scopes) else "none"
    shown = {
        "selection": selection,
        "manage_url": manage_url(caller.issuer, cast(str, caller.grant_id)),
        "data": _list_covered(caller),
        "made": [one for one in made if one["actions"]],
    }
    return cast(MementoList, shown)


@operation(
    summary="Read one memento that the person chose for this app, or that the app has made",
    gives=ShownMementoDetail,
    for_people=True,
)
def read_memento(caller: Caller, memento_id: str) -> ShownMementoDetail:
    """Returns a memento that the app sees. Raises ``not_found``."""
    made = find_made(caller, memento_id)
    if made is not None:
        return _show_detail(caller, made)
    covered = next((one for one in _list_covered(caller) if one["id"] == memento_id), None)
    if covered is None:
        raise not_found()
    return {**covered, "document_ids": None}


@operation(
    summary="Make a memento, empty at first; it is the person's, and this app's to fill",
    scopes=("memories:write",),
    takes=Shape(NewMemento),
    gives=ShownMementoDetail,
    for_people=True,
    idempotency=Idempotency(),
)
def make_memento(caller: Caller, new: NewMemento) -> ShownMementoDetail:
    return _show_detail(caller, make(caller, new.name))


@operation(
    summary="Delete a memento that this app has made; the memories stay",
    scopes=("memories:write",),
    gives=None,
    for_people=True,
)
def delete_memento(caller: Caller, memento_id: str) -> None:
    _note_moved(caller, memento_id, unmake(caller, _get_made(caller, memento_id)))


@operation(
    summary="Put memories that this app has added into a memento that it has made, and take others out",
    scopes=("memories:write",),
    takes=Shape(ContentsChange),
    gives=ShownMementoDetail,
    for_people=True,
)
def change_memento(caller: Caller, memento_id: str, change: ContentsChange) -> ShownMementoDetail:
    """Add to a memento that the app made, and take out of it. Raises ``validation_failed``, ``not_found`` or ``not_writable``."""
    if change.memento not in (None, memento_id):
        raise invalid_field("memento", "unknown", _OTHER_MEMENTO)
    made = _get_made(caller, memento_id)
    _note_moved(caller, memento_id, change_contents(caller, made, change.add, change.remove))
    return _show_detail(caller, made)


@operation(
    summary="Take all memories out of a memento that this app has made",
    scopes=("memories:write",),
    gives=None,
    for_people=True,
)
def empty_memento(caller: Caller, memento_id: str) -> None:
    _note_moved(caller, memento_id, empty(caller, _get_made(caller, memento_id)))


def _get_made(caller: Caller, memento_id: str) -> MadeMemento:
    """One that another app made, or this app under an earlier connection, is as if it did not exist."""
    made = find_made(caller, memento_id)
    if made is None:
        raise not_found()
    return made


def _note_moved(caller: Caller, memento_id: str, memory_ids: Sequence[str]) -> None:
    """A receipt of what went in or out, under this memento: where they lie later says nothing of that."""
    if memory_ids:
        caller.note_written(ARRANGED, memory_ids, [memento_id] * len(memory_ids))


def _show_detail(caller: Caller, made: MadeMemento) -> ShownMementoDetail:
    ids = list(caller.session.scalars(select_held(caller, made)))
    return {**_show_made(caller, made), "document_ids": ids}


def _show_made(caller: Caller, made: MadeMemento) -> ShownMemento:
    held = select_held(caller, made).order_by(None).subquery()
    scopes = {"read": "memories:read", "write": "memories:write"}
    actions = [action for action, scope in scopes.items() if scope in caller.scopes]
    return {
        "id": made.memento_id,
        "name": made.name,
        "actions": cast(Actions, actions),
        "memory_count": caller.session.scalar(select(func.count()).select_from(held)) or 0,
    }


def _list_covered(caller: Caller) -> list[ShownMemento]:
    counts, names = _counts(caller), _names(caller)
    return [
        {
            "id": detail["identifier"],
            "name": names[detail["identifier"]],
            "actions": detail["actions"],
            "memory_count": counts.get(detail["identifier"], 0),
        }
        for detail in describe_mementos(caller.reach.mementos, caller.scopes, caller.issuer)
        if detail["identifier"] in names
    ]


def _names(caller: Caller) -> Mapping[str, str]:
    own = caller.session.execute(select(Memento.id, Memento.name).where(Memento.user_id == caller.user_id))
    return {EVERYTHING: ALL.name, **{row.id: row.name for row in own}}


def _counts(caller: Caller) -> Mapping[str, int]:
    session, limits = caller.session, limits_of(caller.reach)
    all_own = select(func.count()).select_from(Memory).where(is_own(caller.subject), *limits)
    counts = {EVERYTHING: session.scalar(all_own) or 0}
    for memento_id, _kind, _name, count in select_counts.read(session, caller.subject, limits):
        counts[memento_id] = counts.get(memento_id, 0) + int(count)
    return counts
