"""``/account/history/``: what I allowed apps and took back, by whom, and two files of it to take away."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.consents.resources import API
from app.http.files import send_lines, send_table
from app.oauth.endpoints.decision.places import list_places
from app.paging import read_page
from app.personal import blueprint
from app.personal.history.listing import (
    Entry,
    find_memento_names,
    list_apps,
    list_entries,
    name_connections,
    walk_entries,
)
from app.scopes import SCOPES

_COLUMNS = ("time", "event", "by", "app", "connection", "changed")


@blueprint.get("/history/")
def history() -> ResponseReturnValue:
    """Every change of what apps are allowed, or of one app; the account keeps it for as long as there is one."""
    page, app = read_page(request.args.get("page")), request.args.get("app", "")
    called = name_connections(current_user.id)
    entries, has_next = list_entries(current_user.id, app, page, called)
    apps, connections = list_apps(current_user.id, called)
    return render_template(
        "personal/history/history.html",
        entries=entries,
        page=page,
        has_next=has_next,
        app=app,
        apps=apps,
        connections=connections,
        mementos=find_memento_names(current_user.id, entries),
        scopes=SCOPES,
        places=_name_places(entries),
    )


@blueprint.get("/history/history.json")
def export_history_json() -> Response:
    return send_lines(_write_json(), "application/json", "history.json")


@blueprint.get("/history/history.csv")
def export_history_csv() -> Response:
    return send_table(_write_rows(), "history.csv")


def _write_json() -> Iterator[str]:
    yield '{"history": ['
    for place, entry in enumerate(walk_entries(current_user.id, request.args.get("app", ""))):
        yield ("," if place else "") + "\n" + json.dumps(_exported(entry), ensure_ascii=False)
    yield "\n]}\n"


def _write_rows() -> Iterator[Iterable[Any]]:
    yield _COLUMNS
    for entry in walk_entries(current_user.id, request.args.get("app", "")):
        exported = _exported(entry)
        exported["changed"] = json.dumps(exported["changed"], ensure_ascii=False) if exported["changed"] else ""
        yield [exported[column] for column in _COLUMNS]


def _exported(entry: Entry) -> dict[str, Any]:
    values = (entry.at.isoformat(), entry.kind, entry.actor, entry.app_name, entry.grant_id, dict(entry.changed))
    return dict(zip(_COLUMNS, values, strict=True))


def _name_places(entries: list[Entry]) -> dict[str, str]:
    """Where apps use it, by the short names of the resources; the API goes without saying."""
    names = {name for entry in entries for name in entry.changed.get("resources", [])} - {API}
    return {name: place.shown for name in sorted(names) for place in list_places({name})}
