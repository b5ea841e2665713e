"""An app's settings: read by members, changed by admins, also by two at once."""

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.clients.errors import ClientChanged, ClientError
from app.clients.models import Client
from app.clients.registration import update_client
from app.config import settings
from app.extensions import db
from app.http.error_answers import keeps_what_was_typed
from app.org import blueprint
from app.org.access import Access, members_only
from app.org.client.settings_page import read_only_page, settings_page
from app.org.conflicts import Conflict, settle
from app.org.forms import EditForm


@blueprint.route("/<client_id>/settings", methods=["GET", "POST"])
@members_only
@keeps_what_was_typed
def edit_settings(access: Access, client_id: str) -> ResponseReturnValue:
    client = access.get_client(client_id)
    if not access.may_write:
        return read_only_page(access, client) if request.method == "GET" else abort(403)
    form = EditForm.of(client)
    if not form.validate_on_submit():
        return settings_page(access, client, form, status=400 if form.errors else 200)
    try:
        conflicts = _save_settings(access, client, form)
    except ClientError as error:
        form.show_problems(error)
        return settings_page(access, client, form, status=400)
    if conflicts:
        return settings_page(access, client, form, conflicts=conflicts, status=409)
    db.session.commit()
    flash(gettext("The app was saved."))
    return redirect(url_for("org.edit_settings", client_id=client_id), 303)


def _save_settings(access: Access, client: Client, form: EditForm) -> list[Conflict]:
    """Give the client what was sent, unless somebody else's change stands between; then what that was."""
    try:
        update_client(
            db.session(),
            settings(),
            client,
            actor_user_id=access.user_id,
            version=int(form.version.data),
            **form.fields(),
        )
    except ClientChanged as changed:
        conflicts = settle(form, client, changed.changes)
        if conflicts:
            return conflicts
        # What was changed meanwhile is as it was, or as it was sent.
        update_client(db.session(), settings(), client, actor_user_id=access.user_id, **form.fields())
    return []
