"""The dashboard where an organization's people keep its apps. Its pages hang on one blueprint."""

from flask import Flask
from flask.typing import ResponseReturnValue

from app.accounts.destinations import add_destinations
from app.clients.errors import ClientGone
from app.http.doors import PAGE
from app.http.error_answers import error_page
from app.http.routes import Blueprint

blueprint = Blueprint("org", __name__, door=PAGE, url_prefix="/org/oauth", late=True)


def register(app: Flask) -> None:
    """Attach the dashboard's pages."""
    from app.org.inviting import find_inviting

    app.register_blueprint(blueprint)
    add_destinations(app, find_inviting)


@blueprint.errorhandler(ClientGone)
def _show_that_it_is_gone(_error: ClientGone) -> ResponseReturnValue:
    # Somebody else deleted the app while this request waited for it: it is as unknown as any other.
    return error_page(404)
