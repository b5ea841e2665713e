"""``/sign-in/come-back``: whoever signs in to an account that is about to go is asked whether they want to keep it."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.accounts.closed import find_who_may_come_back
from app.accounts.entrance import let_form_lead_to
from app.accounts.signing_in import finish_sign_in
from app.extensions import db
from app.http.doors import PAGE
from app.http.moments.zones import find_zone
from app.http.routes import Blueprint
from app.leaving.asking import come_back

leaving = Blueprint("leaving", __name__, door=PAGE)


@leaving.get("/sign-in/come-back")
def ask_to_come_back() -> ResponseReturnValue:
    """The question, for a browser in which the person has just shown who they are."""
    waiting = find_who_may_come_back()
    if waiting is None:
        return redirect(url_for("accounts.sign_in"), 303)
    let_form_lead_to(waiting.target)
    return render_template("leaving/come_back.html", account=waiting.user, zone=find_zone(waiting.user.time_zone))


@leaving.post("/sign-in/come-back")
def keep_account() -> ResponseReturnValue:
    """Keep the account, and sign in to it."""
    waiting = find_who_may_come_back()
    if waiting is None or not come_back(db.session(), waiting.user, waiting.password_digest):
        return redirect(url_for("accounts.sign_in"), 303)
    # Who has an account that can be kept did not just sign up: the link was one for a new password.
    sets_password = "link" in waiting.shown
    answer = finish_sign_in(waiting.user, waiting.target, waiting.shown, sets_password=sets_password)
    flash(gettext("Your account stays, with everything in it. Apps must be connected anew."))
    return answer
