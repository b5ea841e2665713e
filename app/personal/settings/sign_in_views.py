"""``/account/settings/sign-in/``: the second factors of a person, and their recovery codes."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from app.accounts.factors.demands import find_demanding
from app.accounts.factors.models import OneTimeCodes
from app.accounts.factors.one_time_codes import (
    begin_one_time_codes,
    confirm_one_time_codes,
    find_pending_secret,
    make_address,
    remove_one_time_codes,
)
from app.accounts.factors.present import find_factors
from app.accounts.factors.recovery import COUNT, count_recovery_codes, make_recovery_codes, remove_recovery_codes
from app.accounts.fresh import needs_fresh_sign_in
from app.accounts.lock import lock_person
from app.accounts.notices import notify
from app.accounts.sessions import SessionOver, note_shown
from app.audit.events import record
from app.config import settings
from app.extensions import db, login_manager
from app.http.safe_next import safe_next
from app.personal import blueprint
from app.personal.settings.pictures import draw_code
from app.sentences import _


class CodeForm(FlaskForm):
    code = StringField(
        _("The code it shows"),
        [InputRequired(_("Enter the code that the app shows.")), Length(max=20, message=_("That is too long."))],
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"},
    )


@blueprint.get("/settings/sign-in/")
def sign_in_settings() -> ResponseReturnValue:
    session, user_id = db.session(), current_user.id
    return render_template(
        "personal/settings/sign_in.html",
        codes=session.get(OneTimeCodes, user_id),
        factors=find_factors(session, user_id),
        left=count_recovery_codes(session, user_id),
        demanding=find_demanding(session, user_id),
        next=next_way(),
    )


@blueprint.post("/settings/sign-in/app/start")
@needs_fresh_sign_in
def start_one_time_codes() -> ResponseReturnValue:
    begin_one_time_codes(db.session(), current_user.id, settings().secret_key)
    db.session.commit()
    return redirect(url_for("personal.set_up_one_time_codes", next=next_way()), 303)


@blueprint.route("/settings/sign-in/app", methods=["GET", "POST"])
@needs_fresh_sign_in
def set_up_one_time_codes() -> ResponseReturnValue:
    """Show the picture and the key of the app that is being set up; a code of it makes it count."""
    keys = settings().secret_keys
    secret = find_pending_secret(db.session(), current_user.id, keys)
    if secret is None:
        return _to_page()
    form = CodeForm(request.form or None)
    if not form.validate_on_submit():
        return _set_up_page(form, secret)
    if not confirm_one_time_codes(db.session(), current_user.id, secret, form.code.data, keys):
        form.code.errors = [_NOT_ITS_CODE]
        return _set_up_page(form, secret)
    codes = make_recovery_codes(db.session(), current_user.id) if not has_recovery_codes() else None
    try:
        note_shown(db.session(), current_user, "totp")
    except SessionOver:
        db.session.rollback()
        return login_manager.unauthorized()
    record("user.second_factor_added", actor_user_id=current_user.id, factor="totp")
    notify(db.session(), current_user.id, "totp_added")
    db.session.commit()
    if codes is not None:
        return recovery_page(codes)
    flash(gettext("Your authenticator app is set up."))
    return redirect(next_way() or url_for("personal.sign_in_settings"), 303)


@blueprint.route("/settings/sign-in/app/remove", methods=["GET", "POST"])
@needs_fresh_sign_in
def turn_off_one_time_codes() -> ResponseReturnValue:
    """Ask, then forget the app; with the last factor the recovery codes go too."""
    session, user_id = db.session(), current_user.id
    if request.method == "POST":
        # Two factors that go at the same moment: the second of them is the last one.
        lock_person(session, user_id)
    is_last = find_factors(session, user_id) <= {"totp", "recovery"}
    demanding = find_demanding(session, user_id) if is_last else None
    if request.method != "POST" or demanding:
        page = render_template("personal/settings/app_remove.html", is_last=is_last, demanding=demanding)
        return page, 409 if request.method == "POST" else 200
    if remove_one_time_codes(session, user_id):
        if is_last:
            remove_recovery_codes(session, user_id)
        record("user.second_factor_removed", actor_user_id=user_id, factor="totp")
        notify(session, user_id, "totp_removed")
        flash(gettext("Your authenticator app is not asked for any more. Delete the account in the app, too."))
    session.commit()
    return _to_page()


@blueprint.route("/settings/sign-in/recovery-codes", methods=["GET", "POST"])
@needs_fresh_sign_in
def make_new_recovery_codes() -> ResponseReturnValue:
    """Ask, then make ten new ones, which are shown in this answer alone."""
    session, user_id = db.session(), current_user.id
    if not find_factors(session, user_id):
        flash(gettext("Recovery codes stand in for a second step. Set one up first."), "error")
        return _to_page()
    if request.method != "POST":
        left = count_recovery_codes(session, user_id)
        return render_template("personal/settings/recovery_make.html", left=left, count=COUNT, next=next_way())
    codes = make_recovery_codes(session, user_id)
    record("user.recovery_codes_made", actor_user_id=user_id)
    notify(session, user_id, "recovery_codes_made")
    session.commit()
    return recovery_page(codes)


_NOT_ITS_CODE = _(
    "That is not the code it shows now. Wait for the next one; and look whether your phone's clock is right."
)


def has_recovery_codes() -> bool:
    """Returns whether the person has one that was not used."""
    return count_recovery_codes(db.session(), current_user.id) > 0


def _set_up_page(form: CodeForm, secret: str) -> ResponseReturnValue:
    address = make_address(secret, email=current_user.email, issuer=settings().site_name)
    groups = [secret[at : at + 4] for at in range(0, len(secret), 4)]
    page = render_template(
        "personal/settings/app_set_up.html", form=form, picture=draw_code(address), address=address, groups=groups
    )
    return page, 400 if form.errors else 200


def recovery_page(codes: list[str]) -> str:
    """Returns the only answer that ever holds them: no redirect, so that no cookie has to carry them."""
    return render_template("personal/settings/recovery_codes.html", codes=codes, account=current_user, next=next_way())


def next_way() -> str | None:
    """Returns where it goes on once a factor is set up, for who was led here on the way to somewhere else."""
    return safe_next(request.args.get("next"), "") or None


def _to_page() -> Response:
    return redirect(url_for("personal.sign_in_settings"), 303)
