"""``/account/settings/sign-in/passkeys/``: a person makes, names and removes passkeys, soon after they have signed in."""

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from app.accounts.factors.demands import find_demanding
from app.accounts.factors.present import find_factors
from app.accounts.factors.recovery import make_recovery_codes, remove_recovery_codes
from app.accounts.fresh import needs_fresh_sign_in
from app.accounts.lock import lock_person
from app.accounts.notices import notify
from app.accounts.passkeys.answers import read_answer
from app.accounts.passkeys.errors import PasskeyRefused
from app.accounts.passkeys.kept import MOST_OF_PERSON, count_passkeys, find_passkey, remove_passkey
from app.accounts.passkeys.made import add_passkey, ask_to_make
from app.accounts.passkeys.models import Passkey
from app.accounts.passkeys.views import browser_secret, get_place, passkey_place
from app.accounts.places.devices import describe_device
from app.accounts.sessions import SessionOver, note_shown
from app.audit.events import record
from app.config import settings
from app.extensions import db, login_manager
from app.personal import blueprint
from app.personal.settings.passkeys.forms import PasskeyForm
from app.personal.settings.sign_in_views import has_recovery_codes, next_way, recovery_page
from app.sentences import sentence_of


@blueprint.route("/settings/sign-in/passkeys/new", methods=["GET", "POST"])
@needs_fresh_sign_in
def new_passkey() -> ResponseReturnValue:
    """Ask the browser to make a passkey, and add the one that it sends."""
    form = PasskeyForm(request.form or None, name=gettext(describe_device(request.headers.get("User-Agent", ""))))
    if request.method != "POST":
        return _making(form)
    if not form.validate():
        return _making(form, 400)
    try:
        answer = read_answer(request.form.get("credential", ""))
        passkey = add_passkey(
            db.session(), get_place(), answer, form.name.data, user_id=current_user.id, browser=browser_secret()
        )
    except PasskeyRefused as error:
        form.form_errors.append(sentence_of(error))
        return _making(form, 400)
    codes = None if has_recovery_codes() else make_recovery_codes(db.session(), current_user.id)
    try:
        note_shown(db.session(), current_user, "passkey")
    except SessionOver:
        db.session.rollback()
        return login_manager.unauthorized()
    record("user.passkey_added", actor_user_id=current_user.id)
    _tell("passkey_added", passkey)
    db.session.commit()
    flash(gettext("Added. From now on you can sign in with this passkey."))
    return redirect(next_way() or url_for("personal.sign_in_settings"), 303) if codes is None else recovery_page(codes)


@blueprint.route("/settings/sign-in/passkeys/<passkey_id>", methods=["GET", "POST"])
@needs_fresh_sign_in
def show_passkey(passkey_id: str) -> ResponseReturnValue:
    """One passkey; the form that is sent back to it is the one with the name."""
    passkey = _get(passkey_id)
    form = PasskeyForm(request.form or None, name=passkey.name)
    if request.method != "POST" or not form.validate():
        status = 200 if request.method != "POST" else 400
        return render_template("personal/settings/passkeys/passkey.html", passkey=passkey, form=form), status
    passkey.name = form.name.data
    db.session.commit()
    flash(gettext("Saved."))
    return redirect(url_for("personal.sign_in_settings"), 303)


@blueprint.route("/settings/sign-in/passkeys/<passkey_id>/remove", methods=["GET", "POST"])
@needs_fresh_sign_in
def drop_passkey(passkey_id: str) -> ResponseReturnValue:
    """Ask once, and take the passkey away; with the last factor the recovery codes go too."""
    session, user_id, passkey = db.session(), current_user.id, _get(passkey_id)
    if request.method == "POST":
        # Two factors that go at the same moment: the second of them is the last one.
        lock_person(session, user_id)
    is_last = count_passkeys(session, user_id) == 1 and find_factors(session, user_id) <= {"passkey", "recovery"}
    demanding = find_demanding(session, user_id) if is_last else None
    if request.method != "POST" or demanding:
        page = "personal/settings/passkeys/remove.html"
        status = 409 if request.method == "POST" else 200
        return render_template(page, passkey=passkey, is_last=is_last, demanding=demanding), status
    _tell("passkey_removed", passkey)
    remove_passkey(session, passkey)
    if is_last:
        remove_recovery_codes(session, user_id)
    record("user.passkey_removed", actor_user_id=user_id)
    session.commit()
    flash(gettext("Removed. Nobody signs in with that passkey any more."))
    return redirect(url_for("personal.sign_in_settings"), 303)


def _tell(kind: str, passkey: Passkey) -> None:
    by_what: dict[str, Any] = {
        "user_agent": request.headers.get("User-Agent", ""),
        "address": request.remote_addr or "",
    }
    notify(db.session(), current_user.id, kind, name=passkey.name, **by_what)


def _get(passkey_id: str) -> Passkey:
    return find_passkey(db.session(), current_user.id, passkey_id) or abort(404)


def _making(form: PasskeyForm, status: int = 200) -> tuple[str, int]:
    place, options = passkey_place(), None
    if place is not None and count_passkeys(db.session(), current_user.id) < MOST_OF_PERSON:
        who = {"user_id": current_user.id, "email": current_user.email, "name": current_user.name}
        options = ask_to_make(db.session(), place, settings().site_name, browser=browser_secret(), **who)
    page = "personal/settings/passkeys/new.html"
    return render_template(page, form=form, place=place, options=options, most=MOST_OF_PERSON), status
