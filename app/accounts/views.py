"""The pages of sign-in and sign-out, and the first page."""

from flask import Flask, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from flask_wtf import FlaskForm

from app.accounts.authentication import authenticate, find_person
from app.accounts.destinations import find_destination
from app.accounts.entrance import is_stale, let_form_lead_to, load_again, network_address, too_many
from app.accounts.forms import SignInForm
from app.accounts.fresh import page_of_this
from app.accounts.known_browsers import find_known_browser_at
from app.accounts.organizations import can_administer, find_membership
from app.accounts.sessions import end_session, find_signed_in
from app.accounts.signing_in import finish_sign_in
from app.accounts.users import spell_out
from app.credentials import digest
from app.extensions import db, login_manager
from app.http.doors import PAGE, SAFE_METHODS
from app.http.error_answers import find_late_form_page
from app.http.form_checks import checks_its_own_token
from app.http.routes import Blueprint
from app.http.safe_next import safe_next
from app.http.services import services
from app.limits.errors import TooManyAttempts
from app.sentences import _

accounts = Blueprint("accounts", __name__, door=PAGE)

_WRONG = _(
    "That e-mail address and password do not belong together. Check both and try again. If you have just signed up, follow"
    " the link in our letter first."
)


def init_app(app: Flask) -> None:
    """Attach the pages, and tell Flask-Login who is signed in and where to send who is not."""
    app.register_blueprint(accounts)
    # It would tie a session to its address and browser. Ours end in the database instead.
    login_manager.session_protection = None
    login_manager.user_loader(find_signed_in)
    login_manager.unauthorized_handler(ask_to_sign_in)


@accounts.get("/")
def home() -> ResponseReturnValue:
    """Where to go from here."""
    if not current_user.is_authenticated:
        return render_template("accounts/home.html", organization=None)
    organization, role = find_membership(current_user.id) or (None, None)
    if not can_administer(role):
        organization = None
    return render_template("accounts/home.html", organization=organization)


@accounts.route("/sign-in", methods=["GET", "POST"])
@checks_its_own_token
def sign_in() -> ResponseReturnValue:
    """Ask who it is, unless that is known. With ``again=1`` ask in any case (``prompt=login``)."""
    target = safe_next(request.args.get("next"))
    if is_stale():
        return load_again()
    if request.method != "POST" and current_user.is_authenticated and request.args.get("again") != "1":
        return redirect(target, 303)
    form = SignInForm(request.form or None, email=getattr(current_user, "email", ""))
    if request.method != "POST":
        return _sign_in_page(form, target)
    if not form.validate():
        return _sign_in_page(form, target, 400)
    try:
        known = authenticate(
            services().limits,
            form.email.data,
            form.password.data,
            address=network_address(),
            known_browser=find_known_browser_at(form.email.data),
        )
    except TooManyAttempts as error:
        return too_many(_sign_in_page, form, target, error)
    user = find_person(known) if known else None
    if user is None:
        form.form_errors.append(_WRONG)
        return _sign_in_page(form, target, 400)
    return finish_sign_in(user, target, {"password"})


@accounts.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this session everywhere; ``next`` is where to go, such as back to a request as somebody else."""
    credential = session.get("_user_id")
    if credential:
        end_session(digest(credential))
    db.session.commit()
    # All that says who it is; Flask-Login's own would look once more who that was.
    session.clear()
    return redirect(safe_next(request.form.get("next")), 303)


@accounts.app_template_filter("spelled_out")
def spelled_out(email: str) -> str:
    """The address for a page on which somebody decides by it who it is."""
    return spell_out(email)


def ask_to_sign_in() -> ResponseReturnValue:
    """Returns the way to the sign-in page, and from there back to here, or to the page of the form that was sent here."""
    if request.method not in SAFE_METHODS:
        kept = find_late_form_page()
        if kept is not None:
            return kept
        flash(gettext("Nothing was changed: you were signed out meanwhile. Sign in, then send the form again."))
    target = page_of_this()
    return redirect(url_for("accounts.sign_in", next=target if target != "/" else None), 303)


def _sign_in_page(form: FlaskForm, target: str, status: int = 200) -> tuple[str, int]:
    let_form_lead_to(target)
    return render_template(
        "accounts/sign_in.html", form=form, next=target, destination=find_destination(target)
    ), status
