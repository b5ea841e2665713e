"""The resource API: what an app may read and change on behalf of whoever allowed it."""

from flask import Blueprint, Flask

from app.extensions import csrf
from app.parts import import_modules

blueprint = Blueprint("api", __name__)
# Whoever calls brings a token of their own; a browser sends none by itself.
csrf.exempt(blueprint)


def register(app: Flask) -> None:
    """Attach the API's operations."""
    import_modules(__name__)
    app.register_blueprint(blueprint)
