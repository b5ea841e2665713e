"""A passkey as the second step, at ``/sign-in/second``: one of the person whose password was right a moment ago."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.entrance import is_stale
from app.accounts.passkeys.challenges import Purpose
from app.accounts.passkeys.errors import PasskeyRefused
from app.accounts.passkeys.kept import list_passkeys
from app.accounts.passkeys.shown import ask_to_show
from app.accounts.passkeys.views import browser_secret, check_shown, get_place
from app.accounts.second_views import begin_anew, find_waiting_here, finish_second_factor
from app.accounts.views import accounts
from app.extensions import db
from app.http.form_checks import checks_its_own_token
from app.http.safe_next import safe_next
from app.sentences import sentence_of, translated


@accounts.app_template_global()
def ask_for_second_passkey(user_id: str) -> dict[str, Any]:
    """Returns the options for the browser at the second step: the passkeys of the person who is signing in."""
    passkeys = list_passkeys(db.session(), user_id)
    return ask_to_show(get_place(), Purpose.SECOND_STEP, browser_secret(), user_id=user_id, passkeys=passkeys)


@accounts.post("/sign-in/second/passkey")
@checks_its_own_token
def second_by_passkey() -> ResponseReturnValue:
    """End a sign-in that waits for a second factor. What goes wrong is said on the page of the second step."""
    target = safe_next(request.args.get("next"))
    if is_stale():
        return redirect(target, 303)
    waiting = find_waiting_here()
    if waiting is None:
        return begin_anew(target)
    try:
        check_shown(Purpose.SECOND_STEP, waiting.user_id)
    except PasskeyRefused as error:
        flash(translated(sentence_of(error)), "error")
        return redirect(url_for("accounts.second_step", next=request.args.get("next")), 303)
    return finish_second_factor(waiting, target, "passkey")
