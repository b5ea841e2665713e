"""What happened to a person's consents, the latest first: found by app, with the names that are needed to tell it."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, bindparam, func, or_, select, tuple_

from app.consents.events import LATEST_FIRST, ConsentEvent, read_event
from app.consents.models import Consent
from app.database.access import read_anew
from app.database.session_connection import SessionConnection
from app.database.statements import Statement
from app.extensions import db
from app.memories.models import Memento

PAGE_SIZE = 15
_AT_ONCE = 500
_HANDLE = re.compile(r"[A-Za-z0-9_.\-]{1,60}")


class Entry(Struct, frozen=True):
    """One event. ``app_name`` is what the person calls the connection now, or else what the app was called then.

    ``is_known`` tells that the connection has a page. ``changed`` is as :class:`app.consents.events.Event` has it.
    """

    at: datetime
    kind: str
    actor: str
    grant_id: str
    app_name: str
    is_known: bool
    changed: Mapping[str, Any]

    @property
    def until(self) -> datetime | None:
        """The end that is told, if there is one."""
        text = self.changed.get("until")
        return None if text is None else datetime.fromisoformat(text)

    @property
    def unused_since(self) -> datetime | None:
        text = self.changed.get("unused_since")
        return None if text is None else datetime.fromisoformat(text)


class App(Struct, frozen=True):
    """What can be filtered by: an app by its key, or one of its connections by its handle."""

    handle: str
    name: str
    issued_at: datetime | None


def list_entries(user_id: str, app: str, page: int, called: Mapping[str, str]) -> tuple[list[Entry], bool]:
    """Returns a page of what happened to the person's consents, or to those of one app, and whether there is more.

    ``called`` is what :func:`name_connections` returns.
    """
    rows = _read(_conditions(user_id, app), offset=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE + 1)
    return _describe(rows[:PAGE_SIZE], called), len(rows) > PAGE_SIZE


def walk_entries(user_id: str, app: str) -> Iterator[Entry]:
    """Yields all of it, the latest first. Nothing is held open while a slow reader takes its time."""
    rows = _read(_conditions(user_id, app), limit=_AT_ONCE)
    while rows:
        last = (rows[-1].at, rows[-1].id)
        entries = _describe(rows, name_connections(user_id))
        is_more = len(rows) == _AT_ONCE
        read_anew(db.session)
        yield from entries
        earlier = tuple_(ConsentEvent.at, ConsentEvent.id) < last
        rows = _read([*_conditions(user_id, app), earlier], limit=_AT_ONCE) if is_more else []


def list_apps(user_id: str, called: Mapping[str, str]) -> tuple[list[App], list[App]]:
    """Returns every app that anything happened to, by name; and each connection of those that have several."""
    rows = db.session.execute(
        select(ConsentEvent.client_key, ConsentEvent.grant_id, func.max(ConsentEvent.id), func.min(ConsentEvent.at))
        .where(ConsentEvent.user_id == user_id)
        .group_by(ConsentEvent.client_key, ConsentEvent.grant_id)
    ).all()
    latest = {row[0]: row[2] for row in sorted(rows, key=lambda row: row[2])}
    named = select(ConsentEvent.client_key, ConsentEvent.client_name).where(ConsentEvent.id.in_(latest.values()))
    names = dict(db.session.execute(named).all())
    connected = Counter(row.client_key for row in rows)
    apps = [App(key, name, None) for key, name in names.items()]
    connections = [
        App(row[1], called.get(row[1]) or names.get(row[0], ""), row[3]) for row in rows if connected[row[0]] > 1
    ]
    return _by_name(apps), _by_name(connections)


def find_memento_names(user_id: str, entries: Iterable[Entry]) -> dict[str, str]:
    """Returns the names that the mementos of these events have now. One that is not among them is deleted."""
    ids = {id for one in entries for what in ("mementos", "writing", "remaining") for id in one.changed.get(what, [])}
    if not ids:
        return {}
    rows = db.session.execute(select(Memento.id, Memento.name).where(Memento.user_id == user_id))
    return {id: name for id, name in rows if id in ids}


def _by_name(apps: list[App]) -> list[App]:
    return sorted(apps, key=lambda one: (one.name.casefold(), one.handle))


def _conditions(user_id: str, app: str) -> list[ColumnElement[bool]]:
    conditions = [ConsentEvent.user_id == user_id]
    if app:
        # What is no handle matches nothing; it is not sent to the database.
        handle = app if _HANDLE.fullmatch(app) else ""
        conditions.append(or_(ConsentEvent.client_key == handle, ConsentEvent.grant_id == handle))
    return conditions


def _read(conditions: list[ColumnElement[bool]], *, limit: int, offset: int = 0) -> list[ConsentEvent]:
    found = select(ConsentEvent).where(*conditions).order_by(*LATEST_FIRST)
    return list(db.session.scalars(found.limit(limit).offset(offset)))


def _describe(rows: list[ConsentEvent], called: Mapping[str, str]) -> list[Entry]:
    entries = []
    for event in map(read_event, rows):
        name = called.get(event.grant_id) or event.client_name
        is_known = event.grant_id in called
        entries.append(Entry(event.at, event.kind, event.actor, event.grant_id, name, is_known, event.changed))
    return entries


def name_connections(user_id: str) -> dict[str, str]:
    """Returns what the person calls each connection; empty where it goes by its app's name."""
    return dict(SessionConnection(db.session()).all(_LIST_NAMES, user=user_id))


_LIST_NAMES = Statement(select(Consent.grant_id, Consent.name).where(Consent.user_id == bindparam("user")))
