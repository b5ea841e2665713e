"""The dashboard where an organization's people keep its apps. Its pages hang on one blueprint."""

from flask import Flask

from app.accounts.destinations import add_destinations
from app.http.doors import PAGE
from app.http.routes import Blueprint
from app.parts import import_modules

blueprint = Blueprint("org", __name__, door=PAGE, url_prefix="/org/oauth")


def register(app: Flask) -> None:
    """Attach the dashboard's pages."""
    from app.org.inviting import find_inviting

    import_modules(__name__)
    app.register_blueprint(blueprint)
    add_destinations(app, find_inviting)
