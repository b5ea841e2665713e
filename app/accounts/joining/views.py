"""The pages of sign-up: the form, where to look for the letter, and where its link leads."""

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from flask_wtf import FlaskForm

from app.accounts.destinations import find_destination, hold_destination
from app.accounts.entrance import is_stale, let_form_lead_to, load_again, network_address, too_many
from app.accounts.forms import ConfirmSignUpForm, SignUpForm
from app.accounts.joining.models import SignUp
from app.accounts.joining.sign_ups import (
    SignUpOver,
    TooManyLetters,
    confirm_sign_up,
    count_chosen_password,
    find_sign_up,
    find_sign_up_of_browser,
    is_its_password,
    is_of_browser,
    keep_sign_up,
    send_again,
)
from app.accounts.signing_in import finish_sign_in
from app.accounts.users import EmailTaken
from app.accounts.views import accounts
from app.config import settings
from app.extensions import db
from app.http.error_answers import error_page
from app.http.form_checks import checks_its_own_token
from app.http.safe_next import safe_next
from app.http.services import services
from app.limits.errors import TooManyAttempts
from app.mail import mail_goes_out
from app.sentences import _, sentence_of

#: What the browser holds that has sent the form.
_HELD = "signing_up"
#: Where whoever is to follow an earlier letter was going. A cookie holds it meanwhile, which has 4 kB for everything, and
#: may hold where others lead as well: a request that is kept, or an invitation, is short.
_GOING = "signing_up_for"
_LONGEST_TARGET = 500


@accounts.route("/sign-up", methods=["GET", "POST"])
@checks_its_own_token
def sign_up() -> ResponseReturnValue:
    """Take the form, and send a letter. Nothing on the page says whether there is an account with the address."""
    target = safe_next(request.args.get("next"))
    if is_stale():
        return load_again()
    if request.method != "POST" and current_user.is_authenticated:
        return redirect(target, 303)
    form = SignUpForm(request.form or None)
    if request.method != "POST" or not mail_goes_out():
        return _sign_up_page(form, target)
    try:
        if form.password.data:
            count_chosen_password(services().limits, network_address())
        if not form.validate():
            return _sign_up_page(form, target, 400)
        credential = keep_sign_up(
            services().limits,
            email=form.email.data,
            name=form.name.data,
            password=form.password.data,
            organization_name=form.organization_name.data,
            target=target,
            address=network_address(),
        )
    except TooManyLetters as error:
        hold_destination(target)
        db.session.commit()
        session[_GOING] = target if len(target) <= _LONGEST_TARGET else "/"
        return too_many(_sign_up_page, form, target, error)
    except TooManyAttempts as error:
        return too_many(_sign_up_page, form, target, error)
    hold_destination(target)
    db.session.commit()
    session[_HELD] = credential
    return redirect(url_for("accounts.show_letter", next=target if target != "/" else None), 303)


@accounts.get("/sign-up/letter")
def show_letter() -> ResponseReturnValue:
    """Where to look for the letter. The same page whether the address had an account or not."""
    target = safe_next(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(target, 303)
    waiting = find_sign_up_of_browser(session.get(_HELD, ""))
    if waiting is None:
        # It was confirmed in another browser, or is long over.
        return redirect(url_for("accounts.sign_in", next=target if target != "/" else None), 303)
    let_form_lead_to(target)
    return render_template(
        "accounts/letter.html",
        email=waiting.email,
        next=target,
        destination=find_destination(target),
        is_local=settings().smtp_url is None,
    )


@accounts.post("/sign-up/letter")
def send_letter_again() -> ResponseReturnValue:
    """Send the letter once more."""
    waiting = find_sign_up_of_browser(session.get(_HELD, ""))
    if waiting is not None:
        try:
            send_again(services().limits, waiting)
        except TooManyAttempts:
            db.session.rollback()
            flash(
                gettext("Many letters went to this address just now. Use the link of the latest, or try again later."),
                "error",
            )
        else:
            db.session.commit()
            flash(gettext("The letter is sent again. Only the link of the latest one works."))
    return redirect(url_for("accounts.show_letter", next=request.args.get("next")), 303)


@accounts.route("/sign-up/confirm/<token>", methods=["GET", "POST"])
@checks_its_own_token
def confirm(token: str) -> ResponseReturnValue:
    """Where the letter's link leads: to a button, as programs that look through mail open links too.

    Whoever opens it in another browser than the one that sent the form gives the password. Else somebody could sign up
    with another's address and their own password, and the owner of the mailbox would confirm it for them.
    """
    if is_stale():
        return redirect(url_for("accounts.confirm", token=token), 303)
    waiting = find_sign_up(token)
    if waiting is None:
        return over_page()
    is_here = is_of_browser(waiting, session.get(_HELD, ""))
    # What waits in the browser that sent the form waits for no other.
    target = waiting.target if is_here or find_destination(waiting.target) else "/"
    form = ConfirmSignUpForm(request.form or None)
    if request.method != "POST":
        return _confirm_page(token, waiting, is_here, form, target)
    if not is_here and not form.validate():
        return _confirm_page(token, waiting, is_here, form, target, 400)
    try:
        is_theirs = is_here or is_its_password(services().limits, waiting, form.password.data)
    except TooManyAttempts as error:
        form.form_errors.append(sentence_of(error))
        return *_confirm_page(token, waiting, is_here, form, target, 429), {"Retry-After": str(error.seconds)}
    if not is_theirs:
        form.password.errors = [_("That is not the password that was chosen at the sign-up.")]
        return _confirm_page(token, waiting, is_here, form, target, 400)
    try:
        user = confirm_sign_up(token)
    except (EmailTaken, SignUpOver):
        db.session.rollback()
        return over_page()
    return finish_sign_in(user, target, {"link"} if is_here else {"link", "password"})


def find_way_on() -> str:
    """Returns where somebody was going who was told in this browser to follow an earlier letter; home if that is over."""
    target = safe_next(session.get(_GOING))
    return target if find_destination(target) else "/"


def _sign_up_page(form: FlaskForm, target: str, status: int = 200) -> tuple[str, int]:
    let_form_lead_to(target)
    return render_template(
        "accounts/sign_up.html",
        form=form,
        next=target,
        destination=find_destination(target),
        mail_goes_out=mail_goes_out(),
    ), status


def _confirm_page(
    token: str, waiting: SignUp, is_here: bool, form: FlaskForm, target: str, status: int = 200
) -> tuple[str, int]:
    let_form_lead_to(target)
    return render_template(
        "accounts/confirm_sign_up.html",
        token=token,
        email=waiting.email,
        is_here=is_here,
        form=form,
        destination=find_destination(target),
    ), status


def over_page() -> ResponseReturnValue:
    """Returns the answer to a link that no longer works."""
    return error_page(
        410,
        _("This link no longer works"),
        _(
            "It was used, is more than a day old, or a later letter has another. If you have confirmed your address"
            " already, sign in. Else sign up once more, and follow the link of the latest letter."
        ),
        (url_for("accounts.sign_in"), _("Sign in")),
    )
