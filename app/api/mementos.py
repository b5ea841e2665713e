"""Which mementos the consent covers now, by the names the person gave them."""

from typing import Any

from sqlalchemy import func, select

from app.api.errors import ApiError
from app.api.operation import Call, operation
from app.api.representations import data_of, manage_url
from app.config import settings
from app.extensions import db
from app.memories.built_in import ALL
from app.memories.contents import is_own, select_counts
from app.memories.models import Memento, Memory
from app.oauth.memento_details import EVERYTHING, describe_mementos
from app.oauth.scopes import reaches_memories

_SCHEMA = data_of("Memento")


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
            },
            "required": ["selection", "manage_url", "data"],
        }
    },
)
def get_mementos(call: Call) -> dict[str, Any]:
    """Any token of a person may ask. What it may do nowhere is not listed."""
    token = call.token
    if token.user_id is None:
        raise ApiError(403, "not_a_person", "This token speaks for an organization, and only people have mementos.")
    details = describe_mementos(call.reach, call.scopes, settings().issuer)
    names, counts = _names(token.user_id), _counts(token.user_id)
    return {
        "selection": token.selection if reaches_memories(call.scopes) else "none",
        "manage_url": manage_url(token.grant_id),
        "data": [
            {
                "id": detail["identifier"],
                "name": names[detail["identifier"]],
                "actions": detail["actions"],
                "memory_count": counts.get(detail["identifier"], 0),
            }
            for detail in details
            if detail["identifier"] in names
        ],
    }


def _names(user_id: str) -> dict[str, str]:
    own = db.session.execute(select(Memento.id, Memento.name).where(Memento.user_id == user_id))
    return {EVERYTHING: ALL.name, **{id: name for id, name in own}}


def _counts(user_id: str) -> dict[str, int]:
    counts = {EVERYTHING: db.session.scalar(select(func.count()).select_from(Memory).where(is_own(user_id)))}
    for memento_id, _kind, _name, count in db.session.execute(select_counts(), {"user_id": user_id}):
        counts[memento_id] = counts.get(memento_id, 0) + int(count)
    return counts
