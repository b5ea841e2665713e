"""Forgetting an app that asked and was not connected."""

from flask import abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from app.credentials import is_id
from app.extensions import db
from app.oauth.asked_apps import remove_asked
from app.personal import blueprint
from app.text import isolated


@blueprint.post("/asked/<asked_id>/forget")
def forget_asked_app(asked_id: str) -> ResponseReturnValue:
    name = remove_asked(db.session(), current_user.id, asked_id) if is_id(asked_id) else None
    if name is None:
        abort(404)
    db.session.commit()
    flash(gettext("%(name)s is forgotten. It had nothing of yours.", name=isolated(name)))
    return redirect(url_for("personal.apps"), 303)
