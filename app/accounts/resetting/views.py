"""A forgotten password: asking for a link, and setting a new password by it."""

from flask import redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm

from app.accounts.destinations import find_destination, hold_destination
from app.accounts.entrance import network_address, too_many
from app.accounts.lock import lock_person
from app.accounts.models import User
from app.accounts.passwords import hash_password
from app.accounts.resetting.applying import ResetOver
from app.accounts.resetting.forms import ForgottenForm, NewPasswordForm
from app.accounts.resetting.letters import PASSWORD_RESET
from app.accounts.resetting.links import HELD_TOKEN, find_open_reset, is_token, use_up
from app.accounts.signing_in import WAITING, finish_sign_in
from app.accounts.views import accounts
from app.config import settings
from app.extensions import db
from app.http.error_answers import error_page
from app.http.navigation import only_by_navigation
from app.http.safe_next import safe_next
from app.http.services import services
from app.limits.errors import TooManyAttempts
from app.limits.networks import network_of
from app.limits.table import PASSWORD_LINKS, PASSWORD_LINKS_OF_NETWORK
from app.mail import mail_goes_out
from app.mail.outbox import put_mail
from app.sentences import _

_ASKED, _TARGET = "reset_asked", "reset_target"
# A cookie holds it meanwhile, and has 4 kB for everything.
_LONGEST_TARGET = 1500


@accounts.route("/forgotten-password", methods=["GET", "POST"])
def forgotten_password() -> ResponseReturnValue:
    """Ask for a link. What follows is the same, and the same work, whether there is such an account or not."""
    target = safe_next(request.args.get("next"))
    form = ForgottenForm(request.form or None, email=getattr(current_user, "email", ""))
    if request.method != "POST" or not mail_goes_out():
        return _forgotten_page(form, target)
    if not form.validate():
        return _forgotten_page(form, target, 400)
    email = form.email.data or ""
    try:
        services().limits.take(PASSWORD_LINKS_OF_NETWORK, network_of(network_address()))
        services().limits.take(PASSWORD_LINKS, email)
    except TooManyAttempts as error:
        return too_many(_forgotten_page, form, target, error)
    put_mail(db.session, PASSWORD_RESET, to=email)
    hold_destination(target)
    db.session.commit()
    session[_ASKED] = email
    session[_TARGET] = target if len(target) <= _LONGEST_TARGET else "/"
    return redirect(url_for("accounts.password_link_asked"), 303)


@accounts.get("/forgotten-password/sent")
def password_link_asked() -> ResponseReturnValue:
    """What happens next, in words that fit an address without an account too."""
    target = session.get(_TARGET, "/")
    return render_template(
        "accounts/password_link_asked.html",
        email=session.get(_ASKED),
        next=target,
        is_local=settings().smtp_url is None,
    )


@accounts.get("/reset-password/<token>")
@only_by_navigation
def follow_reset_link(token: str) -> ResponseReturnValue:
    """Take the token out of the address, so that nothing that the next page loads or leads to is told of it.

    Whether it is any good is not asked here: what opens links in mailboxes, to see what is behind them, learns nothing
    and uses nothing up.
    """
    if is_token(token):
        session[HELD_TOKEN] = token
    else:
        session.pop(HELD_TOKEN, None)
    return redirect(url_for("accounts.set_new_password"), 303)


@accounts.route("/reset-password/", methods=["GET", "POST"])
def set_new_password() -> ResponseReturnValue:
    """The form for the new password, while this browser holds a link that works."""
    token = session.get(HELD_TOKEN)
    reset = find_open_reset(token)
    if reset is None:
        return _over_page()
    form = NewPasswordForm(request.form or None).for_person(reset)
    if request.method != "POST" or not form.validate():
        page = render_template("accounts/new_password.html", form=form, reset=reset)
        return page, 400 if form.errors else 200
    # Before the first statement that writes: SQLite has one writer, who should not wait for argon2.
    password_hash = hash_password(form.password.data or "")
    target = safe_next(session.get(_TARGET))
    # Before the link: what ends the sign-in takes them in that order.
    lock_person(db.session(), reset.user_id)
    user = db.session.get(User, reset.user_id) if use_up(db.session, token, password_hash, target) else None
    if user is None:
        return _over_page()
    return finish_sign_in(user, url_for("personal.look_back"), {"link"}, sets_password=True)


@accounts.app_errorhandler(ResetOver)
def _tell_that_reset_is_over(_over: ResetOver) -> ResponseReturnValue:
    # They have shown all that is asked for, and begin anew: nothing of it is committed.
    session.pop(WAITING, None)
    return _over_page()


def _forgotten_page(form: FlaskForm, target: str, status: int = 200) -> tuple[str, int]:
    page = render_template(
        "accounts/forgotten_password.html",
        form=form,
        next=target,
        destination=find_destination(target),
        can_send=mail_goes_out(),
    )
    return page, status


def _over_page() -> ResponseReturnValue:
    return error_page(
        410,
        _("This link no longer works"),
        _("It was used, is more than 30 minutes old, or a newer one was sent since. Nothing was changed."),
        (url_for("accounts.forgotten_password"), _("Ask for a new link")),
    )
