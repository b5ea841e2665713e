"""A person's own pages: their mementos, the apps they have connected, and where they are signed in."""

from flask import Blueprint
from flask_login import current_user

from app.extensions import login_manager

#: ``/account/``. Every page of it is for whoever is signed in, and shows what is theirs; the rest is 404.
blueprint = Blueprint("personal", __name__, url_prefix="/account")


@blueprint.before_request
def _ask_to_sign_in():
    return None if current_user.is_authenticated else login_manager.unauthorized()
