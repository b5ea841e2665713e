"""What a person is told who signs in to an account that is not open. To be asked only once they have shown who they are.

Whoever asked to have their account deleted may keep it: what they have shown waits in the browser's signed cookie, for ten
minutes, until they answer. It counts only for the wish to leave that it was made for, so that it is of no use twice, and
as long as the password is the same: who takes an account back shuts out also whoever is asked this at the moment.
"""

from datetime import timedelta
from typing import Any

from flask import make_response, redirect, render_template, session, url_for
from msgspec import Struct
from werkzeug.wrappers import Response

from app import clock
from app.accounts.models import User
from app.credentials import digest
from app.extensions import db
from app.http.safe_next import safe_next

#: So long they may think about it.
_WAITS = timedelta(minutes=10)
_NAME = "comes_back"
# A cookie holds it meanwhile, and has 4 kB for everything: who was on a longer way gets in, and begins that way anew.
_LONGEST_TARGET = 1500


class ComesBack(Struct, frozen=True):
    """Who may keep their account, where they were going, what they have shown, and the digest of the password then."""

    user: User
    target: str
    shown: frozenset[str]
    password_digest: str


def tell_disabled(user: User, target: str, shown: frozenset[str]) -> Response | None:
    """Returns the page for who may not come in because the operator has switched the account off; None for others."""
    return None if user.disabled_at is None else make_response(render_template("accounts/disabled.html"), 403)


def ask_to_come_back(user: User, target: str, shown: frozenset[str]) -> Response | None:
    """Returns the way to the question whether the account is to stay; None for who has not asked to have it deleted."""
    if user.deletes_at is None:
        return None
    if user.deletes_at <= clock.now():
        return make_response(render_template("accounts/too_late.html"), 403)
    if "_user_id" not in session:
        # One who planted the cookie must not know its CSRF token from here on. What else waits in it goes on.
        session.pop("csrf_token", None)
    session[_NAME] = {
        "user": user.id,
        "leaves": user.deletes_at.isoformat(),
        "password": digest(user.password_hash),
        "target": target if len(target) <= _LONGEST_TARGET else "/",
        "shown": sorted(shown),
        "until": (clock.now() + _WAITS).isoformat(),
    }
    return redirect(url_for("leaving.ask_to_come_back"), 303)


def find_who_may_come_back() -> ComesBack | None:
    """Returns who has shown in this browser a moment ago that an account which is about to go is theirs."""
    kept: dict[str, Any] = session.get(_NAME) or {}
    if kept.get("until", "") <= clock.now().isoformat():
        return None
    user = db.session.get(User, kept["user"])
    if user is None or user.disabled_at is not None or user.deletes_at is None:
        return None
    if user.deletes_at.isoformat() != kept["leaves"] or user.deletes_at <= clock.now():
        return None
    # The version before keeps none.
    if kept.get("password") != digest(user.password_hash):
        return None
    return ComesBack(user, safe_next(kept["target"]), frozenset(kept["shown"]), kept["password"])
