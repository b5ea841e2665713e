"""What apps may do with the memories that apps added: on ``/account/apps/`` for all, on an app's page for that one."""

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from app.consents.memory_setting import MemorySetting
from app.consents.memory_setting.changes import set_for_all, set_for_one
from app.database.session_connection import SessionConnection
from app.extensions import db
from app.personal import blueprint
from app.personal.apps.connections import find_connection
from app.text import isolated


@blueprint.post("/apps/memory-setting")
def set_memory_for_all() -> ResponseReturnValue:
    set_for_all(SessionConnection(db.session()), current_user.id, _read_setting())
    db.session.commit()
    flash(gettext("Saved. It holds for every app but those that you set something else for."))
    return redirect(url_for("personal.apps"), 303)


@blueprint.post("/apps/<grant_id>/memory-setting")
def set_memory_for_one(grant_id: str) -> ResponseReturnValue:
    connection = find_connection(current_user.id, grant_id) or abort(404)
    setting = _read_setting() if request.form.get("holds") == "one" else None
    if not set_for_one(SessionConnection(db.session()), current_user.id, grant_id, setting):
        abort(404)
    db.session.commit()
    flash(gettext("Saved. It holds for %(app_name)s from its next call on.", app_name=isolated(connection.app_name)))
    return redirect(url_for("personal.show_app", grant_id=grant_id), 303)


def _read_setting() -> MemorySetting:
    # What is not ticked is not sent: nor is anything by who sends no form of ours.
    if request.form.get("ticks") != "shown":
        abort(400)
    return MemorySetting(*[name in request.form for name in ("reads_own", "reads_apps", "adds")])
