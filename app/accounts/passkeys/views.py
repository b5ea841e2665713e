"""Signing in with a passkey: what the sign-in page asks for, and where it sends the answer."""

from typing import Any

from flask import flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response

from app.accounts.entrance import is_stale
from app.accounts.models import User
from app.accounts.notices import notify
from app.accounts.passkeys.answers import read_answer
from app.accounts.passkeys.challenges import Purpose
from app.accounts.passkeys.errors import PasskeyCopied, PasskeyRefused
from app.accounts.passkeys.kept import list_passkeys
from app.accounts.passkeys.relying_party import RelyingParty, find_relying_party
from app.accounts.passkeys.shown import ask_to_show, check_passkey
from app.accounts.signing_in import finish_sign_in
from app.accounts.views import accounts
from app.audit.events import record
from app.config import settings
from app.extensions import db
from app.http.form_checks import checks_its_own_token
from app.http.safe_next import safe_next
from app.sentences import _, sentence_of, translated

_NO_NAME = _("There are no passkeys here, because the address of this server is in numbers.")


@accounts.app_template_global()
def passkey_place() -> RelyingParty | None:
    """Where passkeys are made and used; None where there can be none."""
    return find_relying_party(settings().issuer)


@accounts.app_template_global()
def ask_for_passkey() -> dict[str, Any]:
    """Returns the options for the browser at the sign-in page: any passkey, or one of the person who is signed in."""
    party, user_id = get_place(), _signed_in()
    passkeys = list_passkeys(db.session(), user_id) if user_id else ()
    return ask_to_show(party, Purpose.SIGN_IN, browser_secret(), user_id=user_id, passkeys=passkeys)


@accounts.post("/sign-in/passkey")
@checks_its_own_token
def sign_in_with_passkey() -> ResponseReturnValue:
    """Sign in whoever shows a passkey that has asked who they are. What goes wrong is said on the sign-in page."""
    if is_stale():
        return _back()
    try:
        user_id = check_shown(Purpose.SIGN_IN, _signed_in())
    except PasskeyRefused as error:
        flash(translated(sentence_of(error)), "error")
        return _back()
    return finish_sign_in(db.session.get_one(User, user_id), safe_next(request.args.get("next")), {"passkey"})


def check_shown(purpose: Purpose, user_id: str) -> str:
    """Returns whose passkey the form brings. Raises :class:`PasskeyRefused`; a copied passkey is told to its person."""
    try:
        answer = read_answer(request.form.get("credential", ""))
        return check_passkey(db.session(), get_place(), answer, purpose, browser_secret(), user_id=user_id)
    except PasskeyCopied as error:
        record("user.passkey_refused", actor_user_id=error.user_id)
        by_what: dict[str, Any] = {
            "user_agent": request.headers.get("User-Agent", ""),
            "address": request.remote_addr or "",
        }
        notify(db.session(), error.user_id, "passkey_refused", name=error.name, **by_what)
        db.session.commit()
        raise


def get_place() -> RelyingParty:
    """Returns where passkeys are made and used. Raises :class:`PasskeyRefused` where there can be none."""
    party = passkey_place()
    if party is None:
        raise PasskeyRefused(_NO_NAME)
    return party


def browser_secret() -> str:
    """Returns what this browser alone has: it is in its signed cookie, and goes when somebody signs in."""
    generate_csrf()
    secret: str = session["csrf_token"]
    return secret


def _signed_in() -> str:
    return current_user.id if current_user.is_authenticated else ""


def _back() -> Response:
    kept: dict[str, Any] = {name: request.args[name] for name in ("next", "again") if name in request.args}
    return redirect(url_for("accounts.sign_in", **kept), 303)
