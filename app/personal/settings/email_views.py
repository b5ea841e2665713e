"""``/account/settings/email/``: another e-mail address, which is the account's once its mailbox has confirmed it."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from app.accounts.addresses.changing import (
    AddressTaken,
    LinkIsOver,
    ask_for_address,
    confirm_address,
    find_confirmable,
    find_waiting,
    forget_waiting,
)
from app.accounts.fresh import needs_fresh_sign_in
from app.extensions import db
from app.http.services import services
from app.limits.counting import Limits
from app.limits.errors import TooManyAttempts
from app.limits.table import ADDRESS_CHANGES, LETTERS_OF_CHANGER, LETTERS_TO_NEW_ADDRESS
from app.mail import mail_goes_out
from app.personal import blueprint
from app.personal.settings.forms import AddressForm
from app.sentences import _, sentence_of
from app.text import isolated


@blueprint.route("/settings/email/", methods=["GET", "POST"])
@needs_fresh_sign_in
def email() -> ResponseReturnValue:
    """Ask for another address. The answer is the same whether it has an account; its mailbox learns that."""
    form = AddressForm(request.form or None)
    if request.method != "POST":
        return _page(form)
    if not mail_goes_out():
        return _page(form, 409)
    if not form.validate():
        return _page(form, 400)
    if form.email.data == current_user.email:
        form.email.errors = [_("That is your address already.")]
        return _page(form, 400)
    try:
        _count_letter(services().limits, form.email.data)
    except TooManyAttempts as error:
        form.form_errors.append(sentence_of(error))
        return *_page(form, 429), {"Retry-After": str(error.seconds)}
    ask_for_address(db.session(), current_user.id, form.email.data)
    db.session.commit()
    flash(gettext("A letter is on its way to %(email)s. Open the link in it.", email=isolated(form.email.data)))
    return redirect(url_for("personal.email"), 303)


@blueprint.post("/settings/email/forget")
def forget_email() -> ResponseReturnValue:
    """Let the change that waits come to nothing."""
    forget_waiting(db.session(), current_user.id)
    db.session.commit()
    flash(gettext("Your address stays as it is."))
    return redirect(url_for("personal.email"), 303)


@blueprint.get("/settings/email/confirm/<token>")
def ask_to_confirm_email(token: str) -> ResponseReturnValue:
    """Where the letter leads. Nothing happens yet: programs that look for viruses open links too."""
    return _confirm_page(token)


@blueprint.post("/settings/email/confirm/<token>")
def confirm_email(token: str) -> ResponseReturnValue:
    """Make it the address of the account."""
    try:
        change = confirm_address(db.session(), current_user.id, token)
    except LinkIsOver:
        db.session.rollback()
        return _confirm_page(token)
    except AddressTaken as error:
        db.session.rollback()
        return _confirm_page(token, sentence_of(error), 409)
    was, is_now = isolated(change.was), isolated(change.email)
    db.session.commit()
    flash(gettext("Your address is %(is_now)s. %(was)s got a letter that can take it back.", is_now=is_now, was=was))
    return redirect(url_for("personal.settings"), 303)


def _count_letter(limits: Limits, email: str) -> None:
    """Raises :class:`TooManyAttempts`. Letters of others to the address keep nobody from having one of their own."""
    limits.take(ADDRESS_CHANGES, current_user.id)
    number = limits.take(LETTERS_OF_CHANGER, current_user.id, email)
    try:
        limits.take_loosely(LETTERS_TO_NEW_ADDRESS, email, is_first=number == 1)
    except TooManyAttempts:
        limits.give_back(LETTERS_OF_CHANGER, current_user.id, email)
        raise


def _page(form: AddressForm, status: int = 200) -> tuple[str, int]:
    waiting = find_waiting(db.session(), current_user.id)
    return render_template(
        "personal/settings/email.html", account=current_user, form=form, waiting=waiting, can_change=mail_goes_out()
    ), status


def _confirm_page(token: str, problem: str | None = None, status: int = 200) -> tuple[str, int]:
    change = find_confirmable(db.session(), current_user.id, token)
    if change is None:
        status = 404
    return render_template(
        "personal/settings/confirm_email.html", account=current_user, change=change, token=token, problem=problem
    ), status
