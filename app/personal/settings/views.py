"""``/account/settings/``: the profile, which is a person's name, address and time zone."""

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from app import clock
from app.accounts.models import User
from app.accounts.sessions import end_sessions
from app.audit.events import record
from app.extensions import db
from app.personal import blueprint
from app.personal.settings.forms import NameForm


@blueprint.route("/settings/", methods=["GET", "POST"])
def settings() -> ResponseReturnValue:
    """Show the profile; the form that is sent back to it is the one with the name."""
    form = NameForm(request.form or None, name=current_user.name)
    if request.method != "POST":
        return _profile(form)
    if not form.validate():
        return _profile(form, 400)
    if form.name.data != current_user.name:
        db.session.get_one(User, current_user.id).name = form.name.data
        record("user.renamed", actor_user_id=current_user.id)
        db.session.commit()
    flash(gettext("Saved. Apps see the new name from their next call on."))
    return redirect(url_for("personal.settings"), 303)


@blueprint.post("/settings/sign-out-everywhere")
def sign_out_everywhere() -> ResponseReturnValue:
    """End every session of the person, this one too. Apps stay connected."""
    end_sessions(db.session(), current_user.id)
    record("user.signed_out_everywhere", actor_user_id=current_user.id)
    db.session.commit()
    session.clear()
    flash(gettext("You are signed out everywhere."))
    return redirect(url_for("accounts.sign_in"), 303)


def _profile(form: NameForm, status: int = 200) -> tuple[str, int]:
    return render_template("personal/settings/profile.html", form=form, account=current_user, now=clock.now()), status
