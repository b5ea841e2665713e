"""Which account answers: the one that is signed in, or another that the person switches to."""

from flask import redirect, url_for
from flask import request as http_request
from flask_login import current_user

from app.accounts.sessions import end_session
from app.credentials import digest
from app.database import connect
from app.extensions import db
from app.oauth.endpoints import blueprint
from app.oauth.endpoints.waiting import find_own_request, sign_in_url
from app.oauth.models.authorization_request import WaitingRequest, release_authorization_request


@blueprint.post("/oauth/authorize/switch")
def switch_account():
    """Sign out and let somebody else answer the same request."""
    with connect(db.engine) as connection:
        waiting = find_own_request(connection)
        if not isinstance(waiting, WaitingRequest):
            return waiting
        if waiting.user_id is not None and waiting.user_id == getattr(current_user, "id", None):
            release_authorization_request(connection, waiting)
    if current_user.is_authenticated:
        end_session(digest(current_user.credential))
        db.session.commit()
    handle = http_request.args["request"]
    return redirect(sign_in_url(url_for("oauth.continue_authorization", request=handle)), 303)
