"""Confirming one's own e-mail address: asking for the letter, and where its link leads."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from app.accounts.joining.own_address import ask_to_confirm, confirm_address, find_confirmation
from app.audit.events import record
from app.extensions import db
from app.http.error_answers import error_page
from app.http.services import services
from app.limits.errors import TooManyAttempts
from app.mail import mail_goes_out
from app.personal import blueprint
from app.sentences import _


@blueprint.post("/confirm-address/")
def send_confirmation() -> ResponseReturnValue:
    """Send a letter to the address that nobody has confirmed yet."""
    if current_user.email_is_verified:
        flash(gettext("Your address is confirmed."))
    elif not mail_goes_out():
        flash(gettext("This server sends no letters: whoever runs it must set SMTP_URL."), "error")
    else:
        try:
            ask_to_confirm(services().limits, current_user.id, current_user.email)
        except TooManyAttempts:
            flash(
                gettext("Many letters went to your address just now. Wait for the last one, or try again later."),
                "error",
            )
        else:
            db.session.commit()
            flash(gettext("A letter is on its way to you. Follow the link in it, here in this browser."))
    return redirect(url_for("personal.overview"), 303)


@blueprint.route("/confirm-address/<token>", methods=["GET", "POST"])
def confirm_own_address(token: str) -> ResponseReturnValue:
    """Where the letter's link leads: for whoever is signed in to the account that it is about, and nobody else.

    Else somebody could make an account with another's address, and have the owner of the mailbox confirm it.
    """
    confirmation = find_confirmation(token)
    if confirmation is None:
        return error_page(
            410,
            _("This link no longer works"),
            _(
                "It was used, is more than a day old, or a later letter has another. Ask for a new one on your account page."
            ),
        )
    if confirmation.user_id != current_user.id:
        return render_template("personal/address_of_other.html", token=token, email=current_user.email), 404
    if request.method != "POST":
        return render_template("personal/address.html", email=confirmation.email)
    if not confirm_address(confirmation):
        abort(410)
    record("user.address_confirmed", actor_user_id=current_user.id)
    db.session.commit()
    flash(gettext("Your address is confirmed. Apps that may know it are told so from now on."))
    return redirect(url_for("personal.overview"), 303)
