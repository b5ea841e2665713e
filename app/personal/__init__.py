"""A person's own pages: their mementos, the apps they have connected, and where they are signed in."""

from typing import Any, cast

from flask import Flask
from flask_login import current_user
from werkzeug.wrappers import Response

from app.accounts.passkeys.kept import list_passkeys
from app.accounts.passkeys.models import Passkey
from app.extensions import Extensions, db, login_manager
from app.http.doors import PAGE
from app.http.routes import Blueprint

#: ``/account/``. Every page of it is for whoever is signed in, and shows what is theirs; the rest is 404.
blueprint = Blueprint("personal", __name__, door=PAGE, url_prefix="/account", late=True)


def register(app: Flask) -> None:
    """Attach a person's own pages."""
    app.register_blueprint(blueprint)
    cast(Extensions, app.extensions).later["importer"] = _new_importer


def _new_importer(app: Flask) -> Any:
    from app.memories.importing.importer import Importer

    services = app.extensions["services"]
    return Importer(services.engine, lambda: services.notes.have_threads)


@blueprint.app_template_global()
def list_own_passkeys() -> list[Passkey]:
    """The passkeys of the person who is signed in."""
    return list(list_passkeys(db.session(), current_user.id))


@blueprint.before_request
def _ask_to_sign_in() -> Response | None:
    return None if current_user.is_authenticated else login_manager.unauthorized()
