"""The guide: what integrators read, with their own app filled in."""

from flask import Flask

from app.http.doors import PAGE
from app.http.routes import Blueprint
from app.parts import import_modules

blueprint = Blueprint("guide", __name__, door=PAGE, url_prefix="/guide")


def register(app: Flask) -> None:
    """Attach the guide's pages."""
    from app.guide import markdown_views, security_txt

    import_modules(__name__)
    app.register_blueprint(blueprint)
    app.register_blueprint(security_txt.blueprint)
    app.register_blueprint(markdown_views.blueprint)
