"""A fresh sign-in: some acts ask that the person showed who they are a moment ago, not only some day."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial, wraps
from typing import Any
from urllib.parse import urlsplit

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from app import clock
from app.extensions import login_manager
from app.http.doors import SAFE_METHODS
from app.http.safe_next import address_of, safe_next

#: So long a sign-in is fresh.
FRESH = timedelta(minutes=10)
_MARK = "needs_fresh_sign_in"


def needs_fresh_sign_in(
    view: Callable[..., ResponseReturnValue] | None = None, *, takes_late_forms: bool = False
) -> Callable[..., Any]:
    """Returns the view, for whoever signed in at most :data:`FRESH` ago. Others are sent to do it once more, and back here.

    It stands below the route and below what says who may come here at all, such as ``administrators_only``. A form
    that was sent too late is not acted on: the way leads back to the page that shows it, and says so. A view that
    ``takes_late_forms`` gets one all the same, so that nothing that was typed is lost, and asks :func:`is_fresh`.
    """
    if view is None:
        return partial(needs_fresh_sign_in, takes_late_forms=takes_late_forms)

    @wraps(view)
    def guarded(*given: Any, **arguments: Any) -> ResponseReturnValue:
        if not current_user.is_authenticated:
            return login_manager.unauthorized()
        is_late_form = takes_late_forms and request.method not in SAFE_METHODS
        answer = None if is_late_form else find_stale_answer()
        return view(*given, **arguments) if answer is None else answer

    setattr(guarded, _MARK, True)
    return guarded


def is_fresh() -> bool:
    """Returns whether the person of this request signed in at most :data:`FRESH` ago."""
    # A clock that was ahead has written an instant that is yet to come: who was there then need not be there now.
    return bool(abs(clock.now() - current_user.issued_at) <= FRESH)


def find_stale_answer() -> Response | None:
    """Returns the way to the sign-in, and back here, for who signed in longer ago; None for the others."""
    return None if is_fresh() else _ask_again()


def _ask_again() -> Response:
    if request.method not in SAFE_METHODS:
        flash(
            gettext("Nothing was changed yet: you signed in a while ago. Sign in once more, then send the form again.")
        )
    return redirect(url_for("accounts.sign_in", again="1", next=page_of_this()), 303)


def page_of_this() -> str:
    """Returns the page to come back to: this address, or for a form that is sent to one of its own the page that showed it."""
    methods = request.url_rule.methods if request.url_rule is not None else None
    if "GET" in (methods or ()):
        return address_of(request.path, request.query_string)
    try:
        shown = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return "/"
    return safe_next(shown.path + (f"?{shown.query}" if shown.query else ""))
