"""``/apps/``: the apps that their organizations let everybody find."""

from flask import Flask

from app.http.doors import PAGE
from app.http.routes import Blueprint
from app.parts import import_modules

blueprint = Blueprint("directory", __name__, door=PAGE)


def register(app: Flask) -> None:
    """Attach the page."""
    import_modules(__name__)
    app.register_blueprint(blueprint)
