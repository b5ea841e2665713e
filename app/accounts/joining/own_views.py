"""``/sign-up/confirm/…/own``: an account for whoever reads a mailbox that somebody else has signed up with.

Letters to one address are limited, so others could use them up, and each of their links asks for a password that only they
know. Whoever has a link reads the mailbox all the same, and that is what the letter is to show.
"""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.destinations import find_destination
from app.accounts.entrance import is_stale, let_form_lead_to, network_address, too_many
from app.accounts.forms import OwnSignUpForm
from app.accounts.joining.sign_ups import Own, SignUpOver, confirm_sign_up, count_chosen_password, find_sign_up
from app.accounts.joining.views import find_way_on, over_page
from app.accounts.passwords import hash_password
from app.accounts.signing_in import finish_sign_in
from app.accounts.users import EmailTaken
from app.accounts.views import accounts
from app.database.access import read_anew
from app.extensions import db
from app.http.form_checks import checks_its_own_token
from app.http.services import services
from app.limits.errors import TooManyAttempts


@accounts.route("/sign-up/confirm/<token>/own", methods=["GET", "POST"])
@checks_its_own_token
def sign_up_by_letter(token: str) -> ResponseReturnValue:
    """Take a name and a password from whoever has the link, and make the account with these alone."""
    if is_stale():
        return redirect(url_for("accounts.sign_up_by_letter", token=token), 303)
    waiting = find_sign_up(token)
    if waiting is None:
        return over_page()
    form = OwnSignUpForm(request.form or None)
    form.address = waiting.email
    target = find_way_on()
    if request.method != "POST":
        return _page(form, target)
    # What counts writes by itself, and SQLite has one writer.
    read_anew(db.session)
    try:
        if form.password.data:
            count_chosen_password(services().limits, network_address())
    except TooManyAttempts as error:
        return too_many(_page, form, target, error)
    if not form.validate():
        return _page(form, target, 400)
    # Before the first statement: SQLite has one writer, who should not wait for argon2.
    own = Own(form.name.data, hash_password(form.password.data))
    try:
        user = confirm_sign_up(token, own)
    except (EmailTaken, SignUpOver):
        db.session.rollback()
        return over_page()
    return finish_sign_in(user, target, {"link", "password"})


def _page(form: OwnSignUpForm, target: str, status: int = 200) -> tuple[str, int]:
    let_form_lead_to(target)
    page = "accounts/own_sign_up.html"
    return render_template(page, form=form, email=form.address, destination=find_destination(target)), status
