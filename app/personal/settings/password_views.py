"""``/account/settings/password/``: another password, for whoever gives the old one or has just used a passkey."""

from flask import flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy import exists, select

from app.accounts.addresses.changing import forget_waiting
from app.accounts.authentication import authenticate
from app.accounts.entrance import network_address
from app.accounts.fresh import needs_fresh_sign_in
from app.accounts.known_browsers import find_known_browser
from app.accounts.lock import lock_person
from app.accounts.models import User
from app.accounts.notices import notify
from app.accounts.passkeys.models import Passkey
from app.accounts.passwords import check_password, hash_password
from app.accounts.sessions import end_sessions, find_signed_in
from app.accounts.signing_in import finish_sign_in
from app.audit.events import record
from app.database.access import read_anew
from app.database.session_connection import SessionConnection
from app.extensions import db, login_manager
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
    asks_for_old = _asks_for_old()
    if not asks_for_old:
        del form.old
    # What looks at a password has its own transaction.
    read_anew(db.session)
    if request.method != "POST":
        return _page(form)
    if not form.validate():
        return _page(form, 400)
    try:
        if asks_for_old and not _knows_old(form):
            form.old.errors = [_("That is not your password.")]
            return _page(form, 400)
        check_password(form.new.data, current_user.email, current_user.name)
    except TooManyAttempts as error:
        form.form_errors.append(sentence_of(error))
        return *_page(form, 429), {"Retry-After": str(error.seconds)}
    except ValueError as error:
        form.new.errors = [sentence_of(error)]
        return _page(form, 400)
    return _change(form.new.data, asks_for_old)


def _asks_for_old() -> bool:
    """Whether the sign-in was without a passkey; one that was made since showed nothing of who makes it."""
    since = exists().where(Passkey.user_id == current_user.id, Passkey.created_at >= current_user.issued_at)
    return "passkey" not in current_user.shown or bool(db.session.scalar(select(since)))


def _knows_old(form: PasswordForm) -> bool:
    """Whether the old password is right. It is counted like one at sign-in. Raises :class:`TooManyAttempts`."""
    known_browser = find_known_browser(current_user)
    email, address = current_user.email, network_address()
    found = authenticate(services().limits, email, form.old.data, address=address, known_browser=known_browser)
    return found is not None and found.user_id == current_user.id


def _change(new: str, asked_for_old: bool) -> ResponseReturnValue:
    # Before the first statement: SQLite has one writer, who should not wait for argon2.
    password_hash = hash_password(new)
    shown = current_user.shown | ({"password"} if asked_for_old else set())
    lock_person(db.session(), current_user.id)
    if find_signed_in(current_user.credential, SessionConnection(db.session())) is None:
        # Whoever ended the sessions meanwhile may have done it because of who is asking.
        read_anew(db.session)
        return login_manager.unauthorized()
    user = db.session.get_one(User, current_user.id, populate_existing=True)
    user.password_hash = password_hash
    end_sessions(db.session(), user.id)
    forget_waiting(db.session(), user.id)
    record("user.password_changed", actor_user_id=user.id)
    notify(db.session(), user.id, "password_changed", user_agent=request.user_agent.string, address=network_address())
    answer = finish_sign_in(user, url_for("personal.settings"), shown)
    flash(gettext("Your password is changed. You are signed out everywhere but here."))
    return answer


def _page(form: PasswordForm, status: int = 200) -> tuple[str, int]:
    return render_template("personal/settings/password.html", form=form, account=current_user), status
