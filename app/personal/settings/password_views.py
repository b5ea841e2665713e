"""``/account/settings/password/``: another password, for whoever gives the old one or has just used a passkey."""

from flask import flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from app.accounts.authentication import authenticate
from app.accounts.entrance import network_address
from app.accounts.fresh import needs_fresh_sign_in
from app.accounts.known_browsers import find_known_browser
from app.accounts.models import User
from app.accounts.notices import notify
from app.accounts.passwords import check_password, hash_password
from app.accounts.sessions import end_sessions
from app.accounts.signing_in import finish_sign_in
from app.audit.events import record
from app.extensions import db
from app.http.services import services
from app.limits.errors import TooManyAttempts
from app.personal import blueprint
from app.personal.settings.forms import PasswordForm
from app.sentences import _, sentence_of


@blueprint.route("/settings/password/", methods=["GET", "POST"])
@needs_fresh_sign_in
def password() -> ResponseReturnValue:
    """Take another password. Every other session ends, and this one begins anew."""
    form = PasswordForm(request.form or None)
    if not _asks_for_old():
        del form.old
    if request.method != "POST":
        return _page(form)
    if not form.validate():
        return _page(form, 400)
    try:
        if not _knows_old(form):
            form.old.errors = [_("That is not your password.")]
            return _page(form, 400)
        check_password(form.new.data, current_user.email, current_user.name)
    except TooManyAttempts as error:
        form.form_errors.append(sentence_of(error))
        return *_page(form, 429), {"Retry-After": str(error.seconds)}
    except ValueError as error:
        form.new.errors = [sentence_of(error)]
        return _page(form, 400)
    return _change(form.new.data)


def _asks_for_old() -> bool:
    return "passkey" not in current_user.shown


def _knows_old(form: PasswordForm) -> bool:
    """Whether the old password is right. It is counted like one at sign-in. Raises :class:`TooManyAttempts`."""
    if not _asks_for_old():
        return True
    known_browser = find_known_browser(current_user)
    email, address = current_user.email, network_address()
    found = authenticate(services().limits, email, form.old.data, address=address, known_browser=known_browser)
    return found == current_user.id


def _change(new: str) -> ResponseReturnValue:
    # Before the first statement: SQLite has one writer, who should not wait for argon2.
    password_hash = hash_password(new)
    shown = current_user.shown | ({"password"} if _asks_for_old() else set())
    user = db.session.get_one(User, current_user.id)
    user.password_hash = password_hash
    end_sessions(db.session(), user.id)
    record("user.password_changed", actor_user_id=user.id)
    notify(db.session(), user.id, "password_changed", user_agent=request.user_agent.string, address=network_address())
    answer = finish_sign_in(user, url_for("personal.settings"), shown)
    flash(gettext("Your password is changed. You are signed out everywhere but here."))
    return answer


def _page(form: PasswordForm, status: int = 200) -> tuple[str, int]:
    return render_template("personal/settings/password.html", form=form, account=current_user), status
