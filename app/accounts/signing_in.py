"""What follows when a person has shown who they are, by whatever way: the one end of every sign-in."""

from collections.abc import Callable, Set

from flask import redirect, request, session, url_for
from flask_login import login_user
from werkzeug.wrappers import Response

from app.accounts.closed import ask_to_come_back, tell_disabled
from app.accounts.factors import SECOND
from app.accounts.factors.demands import find_demanding
from app.accounts.factors.present import find_factors
from app.accounts.factors.waiting import begin_waiting
from app.accounts.known_browsers import find_known_browser, remember_browser
from app.accounts.models import User
from app.accounts.places.new_devices import tell_new_device
from app.accounts.resetting.applying import apply_reset
from app.accounts.resetting.links import HELD_TOKEN
from app.accounts.sessions import end_session, find_signed_in, start_session
from app.credentials import digest
from app.database.session_connection import SessionConnection
from app.extensions import db

#: Where the page session keeps the credential of a sign-in that waits for a second factor.
WAITING = "waiting_sign_in"


def finish_sign_in(user: User, target: str, shown: Set[str], *, sets_password: bool = False) -> Response:
    """Returns the answer to a person who has just shown who they are. It commits what was begun.

    ``target`` is a path of ours (:func:`app.http.safe_next.safe_next`); ``shown`` is what was shown just now:
    ``password``, ``link`` (of a message to their address), ``passkey``, ``totp``, ``recovery``. A new session is made,
    and nothing is left of the old one. ``sets_password`` is for a sign-in by a link for a new password, which is set
    with it. Raises :class:`~app.accounts.resetting.applying.ResetOver` where it cannot be any more.
    """
    for step in _STEPS:
        # What it keeps is kept, and there is no session.
        answer = step(user, target, frozenset(shown))
        if answer is not None:
            db.session.commit()
            return answer
    knows_browser = find_known_browser(user) is not None
    if sets_password:
        apply_reset(db.session(), user, session.get(HELD_TOKEN))
    target = _lead_to_factors(user, target)
    credential = start_session(
        user, address=request.remote_addr or "", user_agent=request.headers.get("User-Agent", ""), shown=shown
    )
    if "_user_id" in session:
        end_session(digest(session["_user_id"]))
    # Before the commit: once there is a session, nothing may fail any more, and the browser gets it.
    person = find_signed_in(credential, SessionConnection(db.session()))
    if person is not None:
        tell_new_device(db.session(), user, person.session_id, knows_browser=knows_browser)
    db.session.commit()
    # Also the CSRF token goes: one who planted it must not know the token of a signed-in person.
    session.clear()
    login_user(person)
    response = redirect(target, 303)
    if person is not None:
        remember_browser(response, person)
    return response


def _lead_to_factors(user: User, target: str) -> str:
    """Where who must have a second factor and has none goes first; ``target`` for all others."""
    if find_demanding(db.session(), user.id) is None or find_factors(db.session(), user.id):
        return target
    return url_for("personal.sign_in_settings", next=target)


def _ask_second_factor(user: User, target: str, shown: frozenset[str]) -> Response | None:
    """The way to the page that asks for it, where there is one and it was not shown."""
    if shown & SECOND or not find_factors(db.session(), user.id):
        return None
    credential = begin_waiting(db.session(), user.id, shown)
    if "_user_id" not in session:
        # One who planted the cookie must not know its CSRF token from here on. What else waits in it goes on.
        session.pop("csrf_token", None)
    session[WAITING] = credential
    return redirect(url_for("accounts.second_step", next=target if target != "/" else None), 303)


#: What may stand between a person who has shown who they are and their session, in this order. Each gets the person,
#: where they go, and what they have shown; the first that has an answer ends it, and None lets them through.
_STEPS: tuple[Callable[[User, str, frozenset[str]], Response | None], ...] = (
    tell_disabled,
    _ask_second_factor,
    # Not for who knows the password alone: it would undo what the person has asked for.
    ask_to_come_back,
)
