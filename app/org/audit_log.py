"""The audit log of one organization: found by app, person and kind, told in sentences, exported."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import select, tuple_

from app.accounts.models import User
from app.audit.models import AuditEvent
from app.clients.models import Client
from app.database.access import read_anew
from app.extensions import db
from app.org.listing import list_with_words
from app.sentences import _, translated
from app.text import isolated, shown_name

PAGE_SIZE = 50
_EXPORT_BATCH = 500
#: So many apps can be chosen from; where there are more, their name is typed.
_MOST_APPS = 200
_ID = re.compile(r"[A-Za-z0-9_.]{1,60}")

#: kind -> what a person reads after the name of whoever did it. ``{…}`` are the event's details. An event that sets
#: an end has it in ``expires_at``, which is read after the sentence.
KINDS = {
    "organization.created": _("created the organization"),
    "organization.deleted": _("deleted the organization"),
    "organization.second_factor_demanded": _("asked owners and admins for a second step"),
    "organization.second_factor_not_demanded": _("asked owners and admins no more for a second step"),
    "member.added": _("added {person} as {role}"),
    "member.invited": _("invited somebody as {role}"),
    "member.joined": _("joined as {role}"),
    "member.role_changed": _("made {person} {after}, who was {before}"),
    "member.removed": _("removed {person}"),
    "member.left": _("left"),
    "invitation.revoked": _("withdrew an invitation"),
    "client.registered": _("registered the app"),
    "client.activated": _("activated the app"),
    "client.updated": _("changed the settings"),
    "client.logo_changed": _("changed the logo"),
    "client.logo_removed": _("removed the logo"),
    "client.secret_added": _("made one more secret"),
    "client.secret_end_set": _("set a secret's end:"),
    "client.secret_let_pass": _("let a secret stay that somebody who left has seen"),
    "client.secret_retired": _("retired a secret"),
    "client.secret_rotated": _("made a new secret and ended all others"),
    "client.resource_added": _("added the resource server {address}, not proved yet"),
    "client.resource_proved": _("proved the resource server {address}"),
    "client.resource_removed": _("removed the resource server {address}"),
    "client.tokens_ended": _("ended every code and token"),
    "client.suspended": _("suspended the app"),
    "client.resumed": _("resumed the app"),
    "client.deleted": _("deleted the app"),
    "client.replay_ended_tokens": _("saw a {presented} come a second time and ended every token of that sign-in"),
    "client.playground_opened": _("opened the playground, at the latest until"),
    "client.playground_closed": _("closed the playground"),
    "demonstration.seeded": _("added demonstration data"),
}
# What the server does by itself; whatever else has nobody's name was done on the command line.
_BY_THE_SERVER = {"client.replay_ended_tokens"}
_COLUMNS = ("occurred_at", "kind", "actor_id", "actor_name", "actor_email", "client_id", "client_name", "details")


class Filter(Struct, frozen=True):
    """Which events: of one app, one person, one kind; an empty string is all of them.

    ``client_id`` may be a part of a name instead: then it is of each app whose name holds it.
    """

    client_id: str = ""
    person: str = ""
    kind: str = ""


class Entry(Struct, frozen=True):
    """One event as a page shows it. Names are today's; of what was deleted, the last that the log knows."""

    id: str
    occurred_at: datetime
    kind: str
    actor_id: str | None
    actor_name: str | None
    actor_email: str | None
    client_id: str | None
    client_name: str | None
    details: Mapping[str, Any]
    sentence: str

    @property
    def actor(self) -> str:
        """Who did it, where it was no person."""
        return _("this server") if self.kind in _BY_THE_SERVER else _("the command line")

    @property
    def until(self) -> datetime | None:
        """The end that the event set, if it set one."""
        text = self.details.get("expires_at")
        return datetime.fromisoformat(text) if text else None


def list_entries(organization_id: str, chosen: Filter, *, before: str = "", limit: int = PAGE_SIZE) -> list[Entry]:
    """Returns the latest events of the organization, or those that came before the event of this id."""
    query = (
        select(AuditEvent, User.name, User.email)
        .outerjoin(User, User.id == AuditEvent.actor_user_id)
        .where(AuditEvent.organization_id == organization_id, *_conditions(organization_id, chosen))
        .order_by(AuditEvent.occurred_at.desc(), AuditEvent.id.desc())
        .limit(limit)
    )
    if before:
        last = db.session.get(AuditEvent, before) if _ID.fullmatch(before) else None
        if last is None or last.organization_id != organization_id:
            return []
        query = query.where(tuple_(AuditEvent.occurred_at, AuditEvent.id) < (last.occurred_at, last.id))
    rows = db.session.execute(query).all()
    events = [row.AuditEvent for row in rows]
    apps, people = _name_apps(events), _name_people(events)
    return [_entry(row.AuditEvent, row.name, row.email, apps, people) for row in rows]


def list_people(organization_id: str) -> list[tuple[str, str]]:
    """Returns id and name of everybody who did something in the organization, by name."""
    acted = select(AuditEvent.actor_user_id).where(AuditEvent.organization_id == organization_id).distinct()
    rows = db.session.execute(select(User.id, User.name, User.email).where(User.id.in_(acted)).order_by(User.name))
    return [(user_id, f"{name} ({email})") for user_id, name, email in rows]


def list_apps(organization_id: str) -> list[tuple[str, str]] | None:
    """Returns id and name of every app that the organization has, by name, and then of those it had.

    None where these are too many to choose from.
    """
    own = select(Client.key, Client.name).where(Client.organization_id == organization_id).order_by(Client.name)
    present = db.session.execute(own.limit(_MOST_APPS + 1)).all()
    if len(present) > _MOST_APPS:
        return None
    deleted = db.session.scalars(
        select(AuditEvent)
        .where(AuditEvent.organization_id == organization_id, AuditEvent.kind == "client.deleted")
        .order_by(AuditEvent.occurred_at.desc())
        .limit(200)
    )
    gone = [(event.client_key or "", _("%(name)s (deleted)", name=_name_of_deleted(event))) for event in deleted]
    return [(row.key, row.name) for row in present] + gone


def export_json_lines(organization_id: str, chosen: Filter) -> Iterator[str]:
    """Yields every event of the filter, the latest first, one JSON object a line."""
    for entry in _every_entry(organization_id, chosen):
        yield json.dumps(_exported(entry), ensure_ascii=False) + "\n"


def export_rows(organization_id: str, chosen: Filter) -> Iterator[Iterable[Any]]:
    """Yields every event of the filter, the latest first, as the rows of a table, below the names of its columns."""
    yield _COLUMNS
    for entry in _every_entry(organization_id, chosen):
        exported = _exported(entry)
        exported["details"] = json.dumps(exported["details"], ensure_ascii=False)
        yield [exported[column] for column in _COLUMNS]


def _conditions(organization_id: str, chosen: Filter) -> list:
    pairs = ((AuditEvent.actor_user_id, chosen.person), (AuditEvent.kind, chosen.kind))
    # What is no identifier matches nothing; it is not sent to the database.
    conditions: list = [column == (value if _ID.fullmatch(value) else "") for column, value in pairs if value]
    if chosen.client_id:
        conditions.append(AuditEvent.client_key.in_(_find_apps(organization_id, chosen.client_id)))
    return conditions


def _find_apps(organization_id: str, sought: str) -> list[str]:
    """The app of this id, which may be deleted, or those whose name holds it."""
    own = Client.organization_id == organization_id
    by_id = [sought] if _ID.fullmatch(sought) else []
    if by_id and db.session.scalar(select(Client.key).where(own, Client.key == sought)) is not None:
        return by_id
    return list_with_words(own, sought) + by_id


def _name_apps(events: list[AuditEvent]) -> dict[str, str]:
    keys = {event.client_key for event in events if event.client_key}
    rows = db.session.execute(select(Client.key, Client.name).where(Client.key.in_(keys)))
    names = dict(rows.all())
    if keys - names.keys():
        deleted = db.session.scalars(
            select(AuditEvent).where(
                AuditEvent.client_key.in_(keys - names.keys()), AuditEvent.kind == "client.deleted"
            )
        )
        names |= {event.client_key or "": _name_of_deleted(event) for event in deleted}
    return names


def _name_of_deleted(event: AuditEvent) -> str:
    return shown_name(event.details.get("name", event.client_key))


def _name_people(events: list[AuditEvent]) -> dict[str, str]:
    ids = {event.details["user_id"] for event in events if "user_id" in event.details}
    rows = db.session.execute(select(User.id, User.name).where(User.id.in_(ids))).all() if ids else []
    return {user_id: name for user_id, name in rows}


def _entry(
    event: AuditEvent, name: str | None, email: str | None, apps: dict[str, str], people: dict[str, str]
) -> Entry:
    person = people.get(event.details.get("user_id", "")) or translated(_("somebody"))
    values = {key: str(value) for key, value in event.details.items()} | {"person": isolated(person)}
    if "presented" in values:
        values["presented"] = values["presented"].replace("_", " ")
    return Entry(
        id=event.id,
        occurred_at=event.occurred_at,
        kind=event.kind,
        actor_id=event.actor_user_id,
        actor_name=name,
        actor_email=email,
        client_id=event.client_key,
        client_name=apps.get(event.client_key or ""),
        details=event.details,
        sentence=translated(KINDS.get(event.kind, event.kind)).format_map(_Missing(values)),
    )


class _Missing(dict):
    def __missing__(self, key: str) -> str:
        return "…"


def _every_entry(organization_id: str, chosen: Filter) -> Iterator[Entry]:
    before = ""
    while True:
        entries = list_entries(organization_id, chosen, before=before, limit=_EXPORT_BATCH)
        # Nothing is held open while a slow reader takes its time.
        read_anew(db.session)
        yield from entries
        if len(entries) < _EXPORT_BATCH:
            return
        before = entries[-1].id


def _exported(entry: Entry) -> dict[str, Any]:
    values = {column: getattr(entry, column) for column in _COLUMNS if column != "occurred_at"}
    return {"occurred_at": entry.occurred_at.isoformat(timespec="milliseconds"), **values}
