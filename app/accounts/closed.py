"""What a person is told who signs in to an account that is not open. To be asked only once they have shown who they are."""

from flask import make_response, render_template
from werkzeug.wrappers import Response

from app.accounts.models import User


def tell_disabled(user: User, target: str, shown: frozenset[str]) -> Response | None:
    """Returns the page for who may not come in because the operator has switched the account off; None for others."""
    return None if user.disabled_at is None else make_response(render_template("accounts/disabled.html"), 403)
