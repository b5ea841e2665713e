"""Repairing what failed: register the address, or add the scopes, that a refused request asked with.

The request names what is added, and anybody may have sent it. So each asks first, says what it means, and holds
what would be added against the app as it is when the answer comes.
"""

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.clients.errors import ClientError
from app.clients.lock import lock_client
from app.clients.models import Client
from app.clients.registration import update_client
from app.config import settings
from app.extensions import db
from app.http.sure import SureForm
from app.oauth.journal.told import find_address_nearness, find_failure, list_missing_scopes
from app.oauth.journal.uri_difference import compare, find_nearest
from app.org import blueprint
from app.org.access import Access, administrators_only
from app.org.sure import ScopeForm
from app.scopes import SCOPES, parse_scope
from app.sentences import _, translated


@blueprint.route("/<client_id>/requests/<record_id>/address", methods=["GET", "POST"])
@administrators_only
def register_address(access: Access, client_id: str, record_id: str) -> ResponseReturnValue:
    """Register the redirect URI of a refused request, if it is near enough to one that is registered."""
    client = access.get_client(client_id)
    record = find_failure(client, record_id) or abort(404)
    uri = record.redirect_uri
    form = SureForm("register the address", record_id, uri)
    if request.method == "POST":
        # Whoever removes an address at this moment is waited for.
        lock_client(db.session(), client)
    nearness = find_address_nearness(record, client)
    if nearness and client.check_redirect_uri(uri):
        flash(gettext("This address is registered already: try again."))
        return _to_requests(client_id)
    if nearness is None:
        flash(translated(_TYPE_IT), "error")
        return _to_requests(client_id)
    if not form.is_sure():
        nearest = find_nearest(uri, client.usable_redirect_uris)
        page = render_template(
            "org/sure/address.html",
            access=access,
            client=client,
            form=form,
            record=record,
            nearness=nearness,
            difference=compare(uri, nearest) if nearest else None,
        )
        return page, form.status
    return _repair(access, client, _("The address is registered."), redirect_uris=[*client.redirect_uris, uri])


@blueprint.route("/<client_id>/requests/<record_id>/scopes", methods=["GET", "POST"])
@administrators_only
def add_scopes(access: Access, client_id: str, record_id: str) -> ResponseReturnValue:
    """Add scopes that a refused request asked for, each with what people read."""
    client = access.get_client(client_id)
    record = find_failure(client, record_id) or abort(404)
    if request.method == "POST":
        lock_client(db.session(), client)
    missing = list_missing_scopes(record, client)
    if not missing:
        flash(gettext("The app is registered for all that this request asked for: try again."))
        return _to_requests(client_id)
    form = ScopeForm(missing, "add scopes", record_id)
    if not form.is_sure():
        page = render_template(
            "org/sure/scopes.html",
            access=access,
            client=client,
            form=form,
            record=record,
            missing=[(name, SCOPES[name]) for name in missing],
        )
        return page, form.status
    added = _("The scope is added.") if len(form.chosen) == 1 else _("The scopes are added.")
    return _repair(access, client, added, scopes=parse_scope(client.scope) | form.chosen)


_TYPE_IT = _(
    "The app has registered no address on this host, so it is not registered from here."
    " If it is yours, type it under Settings."
)


def _repair(access: Access, client: Client, done: str, **fields: Any) -> ResponseReturnValue:
    client_id = client.client_id
    try:
        update_client(db.session(), settings(), client, actor_user_id=access.user_id, **fields)
    except ClientError as error:
        db.session.rollback()
        for _field, sentence in error.problems:
            flash(translated(sentence), "error")
        return _to_requests(client_id)
    db.session.commit()
    flash(gettext("%(done)s Try the request again.", done=translated(done)))
    return _to_requests(client_id)


def _to_requests(client_id: str) -> Response:
    return redirect(url_for("org.show_requests", client_id=client_id), 303)
