"""``/sign-in/second``: the second factor of a person whose password, or another first thing, was right a moment ago."""

from typing import Any

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from app.accounts.destinations import find_destination
from app.accounts.entrance import is_stale, let_form_lead_to, load_again, network_address, too_many
from app.accounts.factors.present import find_factors
from app.accounts.factors.recovery import count_recovery_codes
from app.accounts.factors.showing import use_code
from app.accounts.factors.waiting import end_waiting, find_waiting
from app.accounts.known_browsers import find_known_browser_at
from app.accounts.lock import lock_person
from app.accounts.models import User
from app.accounts.notices import notify
from app.accounts.signing_in import WAITING, finish_sign_in
from app.accounts.views import accounts
from app.database.connections import connect
from app.extensions import db
from app.http.form_checks import checks_its_own_token
from app.http.safe_next import safe_next
from app.http.services import services
from app.limits.errors import TooManyAttempts
from app.mail import mail_goes_out
from app.sentences import _

_WRONG_CODE = _("That is not the code your app shows now, or it was used already. Wait for the next one and type that.")
_WRONG_RECOVERY_CODE = _(
    "That is none of your recovery codes, or it was used already. Look at your list and try another."
)


class SecondForm(FlaskForm):
    """What is typed: a code of an app, or a recovery code."""

    code = StringField(
        _("Code"),
        [InputRequired(_("Enter the code.")), Length(max=100, message=_("That is too long to be a code."))],
        render_kw={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"},
    )


@accounts.route("/sign-in/second", methods=["GET", "POST"])
@checks_its_own_token
def second_step() -> ResponseReturnValue:
    """Ask for the code of an app, or for a recovery code; without a sign-in that waits for one, begin anew."""
    target = safe_next(request.args.get("next"))
    if is_stale():
        return load_again()
    waiting = find_waiting_here()
    if waiting is None:
        return begin_anew(target)
    form = SecondForm(request.form or None)
    if request.method != "POST":
        return _second_page(form, target)
    if not form.validate():
        return _second_page(form, target, 400)
    try:
        shown = use_code(
            services().limits,
            waiting.user_id,
            form.code.data,
            address=network_address(),
            known_browser=find_known_browser_at(waiting.email),
        )
    except TooManyAttempts as error:
        return too_many(_second_page, form, target, error)
    if shown is None:
        form.code.errors = [_WRONG_RECOVERY_CODE if _by_recovery_code() else _WRONG_CODE]
        return _second_page(form, target, 400)
    return finish_second_factor(waiting, target, shown)


def finish_second_factor(waiting: Any, target: str, shown: str) -> ResponseReturnValue:
    """Returns the answer to a person who has shown the second factor too; to the slower of two, the way to begin anew."""
    # Before what waits: whoever ends all sign-ins of the person takes them in that order.
    lock_person(db.session(), waiting.user_id)
    user = db.session.get(User, waiting.user_id)
    if user is None or not end_waiting(db.session(), waiting.digest):
        return begin_anew(target)
    if shown == "recovery":
        notify(db.session(), user.id, "recovery_code_used", left=count_recovery_codes(db.session(), user.id))
    shown_before = waiting.shown.split()
    # Of the links that somebody signs in by, only one for a new password comes to this step: who signs up has no factor.
    return finish_sign_in(user, target, {*shown_before, shown}, sets_password="link" in shown_before)


def find_waiting_here() -> Any:
    """Returns the sign-in of this browser that waits for a second factor, or None."""
    credential = session.get(WAITING)
    if not isinstance(credential, str):
        return None
    with connect(db.engine) as connection:
        return find_waiting(connection, credential)


def begin_anew(target: str) -> ResponseReturnValue:
    """Returns the way to the sign-in page, for a sign-in that waited for too long."""
    if current_user.is_authenticated:
        # Another tab was quicker.
        return redirect(target, 303)
    flash(gettext("That took too long, so it begins anew. Please sign in."))
    return redirect(url_for("accounts.sign_in", next=target), 303)


def _by_recovery_code() -> bool:
    return request.args.get("with") == "recovery"


def _second_page(form: SecondForm, target: str, status: int = 200) -> tuple[str, int]:
    let_form_lead_to(target)
    waiting = find_waiting_here()
    factors = find_factors(db.session(), waiting.user_id) if waiting is not None else frozenset()
    return render_template(
        "accounts/second.html",
        form=form,
        next=target,
        destination=find_destination(target),
        user_id=waiting.user_id if waiting is not None else "",
        factors=factors,
        by_recovery_code=_by_recovery_code() or not factors & {"totp", "passkey"},
        has_mail=mail_goes_out(),
    ), status
