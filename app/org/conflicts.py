"""When two people changed one app at once: what the second left alone follows the first, the rest is asked about."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from app.accounts.models import User
from app.clients.errors import Change
from app.clients.fields import BY_COLUMN
from app.clients.models import Client
from app.extensions import db
from app.org.forms import EditForm
from app.sentences import _


class Conflict(Struct, frozen=True):
    """One field that somebody else changed meanwhile. ``yours`` is None where you had left it alone."""

    label: str
    before: str
    theirs: str
    yours: str | None
    person: str
    at: datetime


def settle(form: EditForm, client: Client, changes: Mapping[str, Change]) -> list[Conflict]:
    """Base the form on the client as it is now. Returns what that means for each field that was changed.

    A field that was sent as it had been takes the new value; one that was changed by both keeps what
    was sent, so that sending the form again is a decision.
    """
    people = _name_people(changes)
    sent, conflicts = form.fields(), []
    for column, change in changes.items():
        name, kind = BY_COLUMN[column].name, BY_COLUMN[column].kind
        before, theirs, yours = (kind.comparable(value) for value in (change.before, change.after, sent[name]))
        field = form[name]
        if yours == before:
            field.data, field.raw_data = kind.for_form(change.after), None
        if yours != theirs:
            conflicts.append(
                Conflict(
                    label=field.label.text,
                    before=_in_words(before),
                    theirs=_in_words(theirs),
                    yours=None if yours == before else _in_words(yours),
                    person=people.get(change.actor_user_id or "", _("Somebody on the command line")),
                    at=change.at,
                )
            )
    form.version.data = client.version
    return conflicts


def _name_people(changes: Mapping[str, Change]) -> dict[str, str]:
    ids = {change.actor_user_id for change in changes.values()} - {None}
    rows = db.session.query(User.id, User.name).filter(User.id.in_(ids)) if ids else ()
    return {user_id: name for user_id, name in rows}


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(value) or _("none")
    return str(value) if value not in (None, "") else _("nothing")
