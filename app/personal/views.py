"""``/account/``: the apps and mementos of a person at a glance."""

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.consents.uses import find_uses
from app.extensions import db
from app.memories.mementos import list_mementos, summarize_everything
from app.personal import blueprint
from app.personal.apps.connections import group_by_name, list_connections
from app.personal.sessions.places import list_places


@blueprint.get("/")
def overview() -> ResponseReturnValue:
    """Every app with a live consent, every memento, and how many places the person is signed in at."""
    return render_template(
        "personal/overview.html",
        account=current_user,
        groups=group_by_name(list_connections(current_user.id)),
        everything=summarize_everything(current_user.id),
        mementos=list_mementos(current_user.id),
        uses=find_uses(db.session(), current_user.id),
        places=list_places(current_user.id, current_user.session_id),
    )
