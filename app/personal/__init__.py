"""A person's own pages: their mementos, the apps they have connected, and where they are signed in."""

from flask import Flask
from flask_login import current_user
from werkzeug.wrappers import Response

from app.extensions import login_manager
from app.http.doors import PAGE
from app.http.routes import Blueprint
from app.memories.importing.importer import Importer
from app.parts import import_modules

#: ``/account/``. Every page of it is for whoever is signed in, and shows what is theirs; the rest is 404.
blueprint = Blueprint("personal", __name__, door=PAGE, url_prefix="/account")


def register(app: Flask) -> None:
    """Attach a person's own pages."""
    import_modules(__name__)
    services = app.extensions["services"]
    app.extensions["importer"] = Importer(services.engine, lambda: services.notes.have_threads)
    app.register_blueprint(blueprint)


@blueprint.before_request
def _ask_to_sign_in() -> Response | None:
    return None if current_user.is_authenticated else login_manager.unauthorized()
