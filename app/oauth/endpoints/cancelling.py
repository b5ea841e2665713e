"""Cancelling before anybody has signed in: the request ends, and the person is sent nowhere.

A redirect would make of this server a way to any registered address for everybody (:rfc:`9700#section-4.11.2`). So the
page names what would receive the answer, and a link carries it there, for whoever follows it. Somebody who is signed
in goes straight back, as from every later screen.
"""

from flask import make_response, render_template
from flask import request as http_request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.clients.trust import find_receiver
from app.database.connections import Connection, connect
from app.extensions import db
from app.oauth.asked_apps import note_asked
from app.oauth.authorization_request import WaitingRequest, abandon_authorization_request, lock_decision
from app.oauth.checks import check_way_back
from app.oauth.endpoints import blueprint
from app.oauth.endpoints.browser import forget_request
from app.oauth.endpoints.error_pages import no_way_back_page, other_account_page
from app.oauth.endpoints.requests import authorization_request
from app.oauth.endpoints.waiting import find_grant, find_own_request, parameters_of, replay_door, tell_answered
from app.oauth.refusals import Refused
from app.oauth.server import server


@blueprint.post("/oauth/authorize/cancel")
def cancel_before_sign_in() -> ResponseReturnValue:
    """End a request that waits for somebody to sign in. One that was not kept has nothing that could end."""
    if "request" not in http_request.args:
        return render_template("oauth/cancelled.html", client=None, receiver=None, way_back=None)
    with connect(db.engine) as connection:
        waiting = find_own_request(connection)
        return _end(connection, waiting) if isinstance(waiting, WaitingRequest) else waiting


def _end(connection: Connection, waiting: WaitingRequest) -> ResponseReturnValue:
    reader = current_user.id if current_user.is_authenticated else None
    if reader is not None and waiting.user_id not in (None, reader):
        return other_account_page()
    request = authorization_request(connection, parameters_of(waiting))
    try:
        way_back = check_way_back(request, replay_door(waiting))
    except Refused as refused:
        return no_way_back_page(refused)
    client_key = request.known_client.key
    with connection.transaction():
        if reader is not None:
            # With the locks of a decision, and in their order.
            lock_decision(connection, reader, client_key, waiting.digest)
        if not abandon_authorization_request(connection, waiting):
            return tell_answered(waiting, waiting.user_id)
        if reader is not None:
            note_asked(connection, reader, client_key)
    grant = find_grant(request, way_back, waiting)
    try:
        grant.validate_consent_request()
        answer = server.create_authorization_response(request, None, grant)
    except Refused as refused:
        answer = server.handle_error_response(request, refused)
    if reader is not None or waiting.is_of_device:
        return forget_request(http_request.args["request"], answer)
    address = answer.headers["Location"]
    page = render_template(
        "oauth/cancelled.html", client=request.known_client, receiver=find_receiver(address), way_back=address
    )
    return make_response(page)
