"""``/operator/``: what whoever runs the server does in a browser: people, apps that nobody registered, and letters.

It is there for who is an operator, which ``flask users operator`` says, and signed in a moment ago; for all others there
is no such page.
"""

from flask import Flask, abort
from flask_login import current_user
from werkzeug.wrappers import Response

from app.accounts.fresh import find_stale_answer
from app.http.doors import PAGE
from app.http.routes import Blueprint

blueprint = Blueprint("operator", __name__, door=PAGE, url_prefix="/operator", late=True)


def register(app: Flask) -> None:
    """Attach the operator's pages."""
    app.register_blueprint(blueprint)


@blueprint.before_request
def _only_for_operators() -> Response | None:
    if not current_user.is_authenticated or not current_user.is_operator:
        abort(404)
    return find_stale_answer()
