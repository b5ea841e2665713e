"""``/demonstration/``: Acme Pocket's pages."""

import re
import secrets
from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from msgspec.structs import replace

from app.config import settings
from app.database.access import outside_transaction
from app.demonstration.pocket import blueprint
from app.demonstration.pocket.connection import Connection
from app.demonstration.pocket.held import Held, hold, read_held
from app.demonstration.pocket.wire import Call, Unreachable
from app.extensions import db
from app.sentences import _

_SAID = {
    "cancelled": _("You cancelled, so nothing was shared with Acme Pocket."),
    "forgotten": _("Acme Pocket has forgotten you: it gave its tokens back."),
    "refused": _("Acme Pocket was not let in. Connect your memories again."),
    "strange": _("That answer does not belong to what you began here. Connect your memories again."),
}
_UNREACHABLE = _("Acme Pocket does not reach the server at its own address just now. Try again in a moment.")
_MOST_LETTERS = 500
_ONCE = re.compile("[0-9a-f]{32}")


@blueprint.get("/")
def show() -> ResponseReturnValue:
    """The button; or for whoever has pressed it, the search."""
    return _answer(_connection(), request.args.get("q", "").strip()[:_MOST_LETTERS])


@blueprint.post("/connect")
def connect() -> ResponseReturnValue:
    """Send the person to where they decide."""
    connection = _connection()
    return _keep(connection, redirect(connection.begin(), 303))


@blueprint.get("/callback")
def callback() -> ResponseReturnValue:
    """Where they come back to, with a code or without."""
    connection = _connection()
    with outside_transaction(db.session):
        try:
            connection.finish(request.args)
        except Unreachable:
            connection.held = replace(connection.held, said="refused")
    return _keep(connection, redirect(url_for("pocket.show"), 303))


@blueprint.get("/notes")
def after_note() -> ResponseReturnValue:
    """The address that stands above the page after a note, opened once more."""
    return redirect(url_for("pocket.show"))


@blueprint.post("/notes")
def keep_note() -> ResponseReturnValue:
    """Keep a note among the person's memories."""
    connection = _connection()
    if not connection.is_made:
        return redirect(url_for("pocket.show"), 303)
    form = request.form
    with outside_transaction(db.session):
        try:
            kept = connection.keep(form.get("title", ""), form.get("text", ""), _read_once(form.get("once", "")))
        except Unreachable:
            kept = None
    return _answer(connection, "", kept)


@blueprint.post("/forget")
def forget() -> ResponseReturnValue:
    """Give the tokens back."""
    connection = _connection()
    with outside_transaction(db.session):
        try:
            connection.let_go()
        except Unreachable:
            connection.held = Held(said="forgotten")
    return _keep(connection, redirect(url_for("pocket.show"), 303))


def _read_once(sent: str) -> str:
    return sent if _ONCE.fullmatch(sent) else secrets.token_hex(16)


def _connection() -> Connection:
    issuer = settings().issuer
    return Connection(issuer, read_held(request.cookies, issuer))


def _answer(connection: Connection, words: str, kept: Call | None = None) -> Response:
    before = connection.held
    connection.held = replace(before, said="")
    shown: dict[str, Any] = {"said": _SAID.get(before.said)}
    if connection.is_made:
        with outside_transaction(db.session):
            shown |= _look(connection, words, kept)
    page = render_template("demonstration/pocket.html", connection=connection, words=words, **shown)
    return _keep(connection, make_response(page)) if connection.held != before else make_response(page)


def _look(connection: Connection, words: str, kept: Call | None) -> dict[str, Any]:
    """What the server says about the person and their memories."""
    shown: dict[str, Any] = {"kept": kept, "memories": [], "person": {}, "refusal": None}
    try:
        shown["person"] = connection.ask_about_person()
        if shown["person"]:
            shown["memories"] = connection.search(words)
    except Unreachable:
        return shown | {"problem": _UNREACHABLE}
    if connection.calls[-1].status != 200:
        shown["refusal"] = connection.calls[0 if kept is None else 1].message
    return shown | {"once": secrets.token_hex(16)}


def _keep(connection: Connection, response: Any) -> Response:
    return hold(response, connection.held, connection.issuer)
