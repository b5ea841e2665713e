"""The resource API: what an app may read and change on behalf of whoever allowed it."""

from flask import Flask

from app.http.doors import API
from app.http.routes import Blueprint
from app.parts import import_modules

blueprint = Blueprint("api", __name__, door=API)


def register(app: Flask) -> None:
    """Attach the API's operations."""
    import_modules(__name__)
    app.register_blueprint(blueprint)
