"""``/account/apps/look-back/``: after a new password, which of the apps that were connected lately are the person's."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from app.accounts.destinations import find_destination
from app.accounts.lock import lock_person
from app.accounts.resetting.look_back import find_look_back, keep_app
from app.extensions import db
from app.http.safe_next import safe_next
from app.personal import blueprint
from app.personal.apps.connections import find_connection
from app.personal.apps.look_back import look_back_from
from app.text import isolated


@blueprint.get("/apps/look-back/")
def look_back() -> ResponseReturnValue:
    """The apps to look at, a few at a time; to the list of all apps for who is asked about none."""
    found = find_look_back(db.session(), current_user.id)
    if found is None:
        return redirect(url_for("personal.apps"), 303)
    target = safe_next(found.target, "")
    return render_template(
        "personal/apps/look_back.html",
        view=look_back_from(found, request.args.get("since")),
        target=target,
        destination=find_destination(target) if target else None,
    )


@blueprint.post("/apps/look-back/<grant_id>/keep")
def keep_looked_at(grant_id: str) -> ResponseReturnValue:
    """Say that an app is one's own: it is not asked about again."""
    lock_person(db.session(), current_user.id)
    found = find_look_back(db.session(), current_user.id) or abort(404)
    connection = find_connection(current_user.id, grant_id) or abort(404)
    keep_app(found, grant_id)
    db.session.commit()
    flash(gettext("%(name)s stays connected.", name=isolated(connection.app_name)))
    return to_look_back()


def to_look_back() -> Response:
    """Returns the way back to where the person was in it."""
    return redirect(url_for("personal.look_back", since=request.args.get("since")), 303)
