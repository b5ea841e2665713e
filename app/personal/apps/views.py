"""``/account/apps/``: what I have allowed; changing, pausing and ending it; what the apps did."""

from collections.abc import Callable
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from app.clients.trust import own_page
from app.consents import changes
from app.consents.continuing import rename
from app.consents.ends import list_ends, read_end
from app.consents.memory_setting import find_setting, find_setting_for_all
from app.consents.resources import MCP, parse_resources
from app.database.session_connection import SessionConnection
from app.extensions import db
from app.oauth.endpoints.decision.places import list_places
from app.oauth.endpoints.logo import logo_url
from app.paging import read_page
from app.personal import blueprint
from app.personal.apps.asked import describe_asked
from app.personal.apps.cards import list_cards
from app.personal.apps.connections import (
    Connection,
    find_connection,
    find_consent,
    find_neighbours,
)
from app.personal.apps.ended_views import show_ended_app
from app.personal.apps.endings import find_endings, list_ended
from app.personal.apps.forms import ConnectionNameForm
from app.text import isolated

# So many that were connected stand below those that are.
_ENDED_AT_ONCE = 3


@blueprint.get("/apps/")
def apps() -> ResponseReturnValue:
    """The apps that are connected, a page of them; and those that were connected last."""
    page, of = read_page(request.args.get("page")), request.args.get("of")
    found = list_cards(current_user.id, page, of=of)
    ended, has_more_ended = list_ended(current_user.id, size=_ENDED_AT_ONCE)
    return render_template(
        "personal/apps/list.html",
        found=found,
        page=page,
        of=of,
        asked=describe_asked(current_user.id),
        ended=ended,
        has_more_ended=has_more_ended,
        setting=find_setting_for_all(db.session(), current_user.id),
        endings=find_endings(current_user.id, ended),
    )


@blueprint.get("/apps/<grant_id>/")
def show_app(grant_id: str) -> ResponseReturnValue:
    """An app, as it is connected; or what it was, when it is not any more."""
    connection = find_connection(current_user.id, grant_id)
    if connection is None:
        return show_ended_app(find_consent(current_user.id, grant_id) or abort(404))
    return _show_app(connection, ConnectionNameForm(formdata=None, name=connection.consent.name))


@blueprint.post("/apps/<grant_id>/name")
def rename_app(grant_id: str) -> ResponseReturnValue:
    """Call a connection what its person likes, so that several of one app can be told apart."""
    connection = _get_connection(grant_id)
    form = ConnectionNameForm(formdata=request.form)
    if not form.validate():
        return _show_app(connection, form)
    name = form.name.data or ""
    _change(rename, grant_id, name)
    flash(gettext("Saved: it is called %(name)s.", name=isolated(name or connection.own_name)))
    return _to_app(grant_id)


def _show_app(connection: Connection, form: ConnectionNameForm) -> ResponseReturnValue:
    before, _after = find_neighbours(current_user.id, connection.consent)
    resources = parse_resources(connection.consent.resources)
    page = render_template(
        "personal/apps/app.html",
        connection=connection,
        setting=find_setting(
            db.session(), current_user.id, connection.consent.client_key, connection.consent.installation
        ),
        ends=list_ends(connection.consent.expires_at),
        form=form,
        before=before,
        logo_url=logo_url(connection.consent.client),
        homepage_url=own_page(connection.consent.client, connection.consent.client.homepage_url),
        places=list_places(resources),
        asks_again=MCP in resources,
    )
    return page, 422 if form.errors else 200


# -- pausing and ending --------------------------------------------------------------------------


@blueprint.post("/apps/<grant_id>/pause")
def pause(grant_id: str) -> ResponseReturnValue:
    connection = _get_connection(grant_id)
    _change(changes.pause, grant_id)
    flash(gettext("%(app_name)s is paused.", app_name=isolated(connection.app_name)))
    if request.form.get("from") == "overview":
        return redirect(url_for("personal.overview"), 303)
    return _to_app(grant_id)


@blueprint.post("/apps/<grant_id>/resume")
def resume(grant_id: str) -> ResponseReturnValue:
    connection = _get_connection(grant_id)
    _change(changes.resume, grant_id)
    flash(gettext("%(app_name)s is resumed.", app_name=isolated(connection.app_name)))
    return _to_app(grant_id)


@blueprint.post("/apps/<grant_id>/keep")
def keep(grant_id: str) -> ResponseReturnValue:
    """Let an app go on that is unused for long, or whose end is near: that is not asked about again for as long."""
    connection = _get_connection(grant_id)
    expires_at = read_end(request.form.get("until"), connection.consent.expires_at)
    # Also where the end stays: it is the person's decision of this moment.
    _change(changes.change_end, grant_id, expires_at)
    flash(gettext("%(app_name)s is kept.", app_name=isolated(connection.app_name)))
    return redirect(url_for("personal.overview"), 303)


@blueprint.post("/apps/<grant_id>/end")
def change_end(grant_id: str) -> ResponseReturnValue:
    """Until when the app is allowed what it is: a day, a month, a year from now, or until the person ends it."""
    connection = _get_connection(grant_id)
    present = connection.consent.expires_at
    expires_at = read_end(request.form.get("until"), present)
    if expires_at != present:
        _change(changes.change_end, grant_id, expires_at)
    name = isolated(connection.app_name)
    if expires_at:
        flash(gettext("%(app_name)s stays connected until the end you have set.", app_name=name))
    else:
        flash(gettext("%(app_name)s stays connected until you end it.", app_name=name))
    return _to_app(grant_id)


def _change(change: Callable[..., bool], grant_id: str, *to: Any) -> None:
    """Commit a change of a consent that is still live."""
    if not change(SessionConnection(db.session()), current_user.id, grant_id, *to):
        abort(404)
    db.session.commit()


def _get_connection(grant_id: str) -> Connection:
    return find_connection(current_user.id, grant_id) or abort(404)


def _to_app(grant_id: str) -> ResponseReturnValue:
    return redirect(url_for("personal.show_app", grant_id=grant_id), 303)
