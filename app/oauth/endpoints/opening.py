"""Opening a request that its client has pushed (:rfc:`9126#section-4`): it belongs to the browser that does so first.

``client_id`` and ``request_uri`` are all that counts then (:rfc:`9101#section-6.3`), whatever else the address says. Whoever
opens it in vain is told nothing of the request, and is sent nowhere: only what was pushed says where to.
"""

from urllib.parse import quote, urlencode

from flask import make_response, redirect
from flask import request as http_request
from flask.typing import ResponseReturnValue

from app import credentials
from app.clients.models import find_client
from app.database.connections import Connection, connect
from app.extensions import db
from app.oauth.authorization_request import WaitingRequest, bind_pushed_request, find_authorization_request
from app.oauth.checks import Door, check_way_back, note_page
from app.oauth.checks.pushed import URI_PREFIX
from app.oauth.endpoints.browser import bind_browser, find_browser, remember_browser
from app.oauth.endpoints.error_pages import no_cookies_page, no_way_back_page
from app.oauth.endpoints.keeping import continue_url
from app.oauth.endpoints.requests import authorization_request
from app.oauth.endpoints.waiting import is_bound_here, parameters_of
from app.oauth.parameters import STATE_DEMANDED, Parameters, demands_state
from app.oauth.refusals import Reason, Refused, refuse

# Says that this browser was given its nonce a moment ago.
_KNOWN_NOW, _YES = "reliquary_cookie", "given"


def open_pushed_request(parameters: Parameters, handle: str) -> ResponseReturnValue:
    """Bind the request to this browser, and lead the person on; or show the page that says why that cannot be."""
    try:
        with connect(db.engine) as connection:
            waiting = _find(connection, parameters, handle)
            check_way_back(authorization_request(connection, parameters_of(waiting)), Door.REPLAY)
            if waiting.browser_digest is not None:
                return _lead_on(handle)
            return _bind(connection, parameters, waiting, handle)
    except Refused as refused:
        return no_way_back_page(refused)


def _find(connection: Connection, parameters: Parameters, handle: str) -> WaitingRequest:
    """Returns the request, if nobody has opened it yet or this browser has. Raises :class:`Refused`, and notes why."""
    waiting = find_authorization_request(connection, handle)
    client_id = parameters.values.get("client_id")
    problem = None
    if waiting is None or not waiting.is_pushed:
        problem = Reason.REQUEST_URI_UNKNOWN
    elif waiting.parameters["client_id"] != client_id:
        problem = Reason.REQUEST_URI_OF_ANOTHER_CLIENT
    elif waiting.browser_digest is not None and not is_bound_here(handle, waiting):
        problem = Reason.REQUEST_URI_OPENED
    elif waiting.is_expired() and waiting.consumed_at is None:
        problem = Reason.REQUEST_URI_EXPIRED
    if waiting is not None and problem is None:
        return waiting
    asked = authorization_request(connection, Parameters({"client_id": client_id} if client_id else {}))
    client = find_client(connection, client_id) if client_id else None
    assert problem is not None
    refused = refuse(problem if client is not None else Reason.CLIENT_UNKNOWN, client=client)
    note_page(asked, refused)
    raise refused


def _bind(connection: Connection, parameters: Parameters, waiting: WaitingRequest, handle: str) -> ResponseReturnValue:
    """Make the request this browser's. Raises :class:`Refused` when another was quicker."""
    nonce, was_new = find_browser(), parameters.values.get(_KNOWN_NOW) == _YES
    if nonce is None:
        # Nothing is used up for a browser before it has shown that the answer came, so that it can come again.
        return _make_known(handle, parameters.values["client_id"], was_new)
    kept = waiting.parameters | ({STATE_DEMANDED: "1"} if demands_state(http_request.path) else {})
    if not bind_pushed_request(connection, waiting, browser=nonce, parameters=kept):
        # Perhaps by the same browser, in another tab.
        _find(connection, parameters, handle)
        return _lead_on(handle)
    response = make_response(_lead_on(handle))
    return bind_browser(response, handle, nonce) if was_new else response


def _make_known(handle: str, client_id: str, was_new: bool) -> ResponseReturnValue:
    """Give a browser its nonce, and have it come once more; tell one that comes without that it keeps none."""
    query = {"client_id": client_id, "request_uri": URI_PREFIX + handle}
    path = quote(http_request.path)
    if was_new:
        return no_cookies_page(f"{path}?{urlencode(query)}")
    response = make_response(redirect(f"{path}?{urlencode(query | {_KNOWN_NOW: _YES})}", 303))
    return remember_browser(response, credentials.new_credential(credentials.BROWSER))


def _lead_on(handle: str) -> ResponseReturnValue:
    # There it is seen what is to be done, or that it was answered.
    return redirect(continue_url(handle), 303)
