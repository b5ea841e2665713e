"""What the pages of signing in and up share: two tabs at once, where a form may lead, and too many attempts."""

from collections.abc import Callable
from typing import Any, cast

from flask import current_app, redirect, request, url_for
from flask_login import current_user
from flask_wtf import FlaskForm
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response

from app.extensions import csrf
from app.http.application import Application
from app.http.form_action import let_forms_lead_to_app
from app.limits.errors import TooManyAttempts
from app.sentences import sentence_of


def is_stale() -> bool:
    """Returns whether the form is from before this browser signed in, in another tab. Any other CSRF failure is raised.

    Sign-in changes the CSRF token. Whoever has two tabs at sign-in and uses one, is in for both.
    """
    try:
        csrf.protect()
    except CSRFError:
        if not current_user.is_authenticated:
            raise
        return True
    return False


def load_again() -> Response:
    """Returns the way to the same page, as it is by now."""
    kept: dict[str, Any] = {name: request.args[name] for name in ("next", "again") if name in request.args}
    return redirect(url_for(request.endpoint or "", **kept), 303)


def let_form_lead_to(target: str) -> None:
    """Let the forms of the page that is shown next end where this path of ours does."""
    # With a live consent whoever signs in on the way is sent straight back to the app.
    if cast(Application, current_app).leads_to_app(target):
        let_forms_lead_to_app()


def too_many(
    page: Callable[[FlaskForm, str, int], tuple[str, int]], form: FlaskForm, target: str, error: TooManyAttempts
) -> tuple[str, int, dict[str, str]]:
    """Returns the page of the form once more, which says how long to wait."""
    form.form_errors.append(sentence_of(error))
    return *page(form, target, 429), {"Retry-After": str(error.seconds)}


def network_address() -> str:
    """Returns where the request comes from."""
    return request.remote_addr or ""
