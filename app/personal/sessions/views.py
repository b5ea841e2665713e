"""``/account/sessions/``: where I am signed in; ending one, or all others."""

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from app.accounts.sessions import end_sessions
from app.extensions import db
from app.memories.mementos import is_id
from app.personal import blueprint
from app.personal.sessions.places import end_place, list_places


@blueprint.get("/sessions/")
def sessions() -> ResponseReturnValue:
    return render_template("personal/sessions.html", places=list_places(current_user.id, current_user.session_id))


@blueprint.post("/sessions/<session_id>/end")
def end_session(session_id: str) -> ResponseReturnValue:
    if not is_id(session_id) or not end_place(current_user.id, session_id):
        abort(404)
    db.session.commit()
    flash(gettext("That place is signed out."))
    return redirect(url_for("personal.sessions"), 303)


@blueprint.post("/sessions/end-others")
def end_other_sessions() -> ResponseReturnValue:
    ended = end_sessions(db.session(), current_user.id, but=current_user.session_id)
    db.session.commit()
    flash(
        gettext("You were signed in nowhere else.") if not ended else gettext("You are signed out everywhere but here.")
    )
    return redirect(url_for("personal.sessions"), 303)
