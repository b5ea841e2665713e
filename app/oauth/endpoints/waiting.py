"""The waiting authorization request, as the screens see it: opened by its handle, renewed, or explained."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any
from urllib.parse import urlencode

from flask import make_response, redirect, url_for
from flask import request as http_request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from msgspec import Struct
from sqlalchemy.exc import NoResultFound

from app.clients.models import ClientSnapshot
from app.database.connections import Connection, RowGone, connect
from app.extensions import db
from app.http.error_answers import find_late_form_page
from app.http.form_action import let_forms_lead_to_app
from app.oauth.asked_apps import note_asked
from app.oauth.authorization_request import (
    WaitingRequest,
    consume_authorization_request,
    find_authorization_request,
    lock_decision,
    renew_authorization_request,
)
from app.oauth.checks import Door, WayBack, check_way_back
from app.oauth.checks.parameters import asks_prompt
from app.oauth.endpoints.browser import forget_request, is_of_this_browser
from app.oauth.endpoints.documents import find_out, is_of_document
from app.oauth.endpoints.error_pages import (
    already_answered_page,
    device_expired_page,
    expired_page,
    no_way_back_page,
    other_account_page,
    unknown_app_page,
)
from app.oauth.endpoints.late import keep_what_was_ticked
from app.oauth.endpoints.requests import authorization_request
from app.oauth.grants.authorize import AuthorizeGrant
from app.oauth.parameters import Parameters
from app.oauth.refusals import Refused
from app.oauth.server import server
from app.oauth.wire_request import WireRequest


class Flow(Struct):
    """One person's open request: everything the screens and the decision need."""

    handle: str
    waiting: WaitingRequest
    request: WireRequest
    grant: AuthorizeGrant
    client: ClientSnapshot
    connection: Connection

    def url_for(self, step: str) -> str:
        """Returns the address of another step of the same request."""
        return url_for(f"oauth.{step}", request=self.handle)

    def renew_under_lock(self, earlier_grant_id: str | None = None) -> bool:
        """Inside a transaction: hold still what is decided on, and read it anew. Returns False when the request is over.

        ``earlier_grant_id`` is the connection that the new one is said to be the same as.

        Raises :class:`Refused` when the app is gone, suspended, or no longer at this address.
        """
        lock_decision(self.connection, current_user.id, self.client.key, self.waiting.digest, earlier_grant_id)
        self.grant.way_back = check_way_back(self.request, replay_door(self.waiting))
        waiting = find_authorization_request(self.connection, self.handle)
        if waiting is None or waiting.is_over() or waiting.user_id != current_user.id:
            return False
        self.client = self.request.known_client
        self.waiting = waiting
        return True

    def take(self) -> bool:
        """Consume the request. Returns False when somebody, perhaps another click, already did."""
        return consume_authorization_request(self.connection, self.waiting, current_user.id)

    def tell_answered(self) -> ResponseReturnValue:
        """Answer for a click that came too late: another one has answered the request."""
        return tell_answered(self.waiting, current_user.id)

    def cancel(self) -> ResponseReturnValue:
        """End the request with ``access_denied``, and keep the app among those that the person was asked about."""
        with self.connection.transaction():
            # With the locks of a decision, and in their order.
            if not self.renew_under_lock() or not self.take():
                return self.tell_answered()
            note_asked(self.connection, current_user.id, self.client.key)
        return server.create_authorization_response(self.request, None, self.grant)


# -- opening it again ----------------------------------------------------------------------------

Screen = Callable[[Flow], ResponseReturnValue]


def opens_request(view: Screen | None = None, *, before_account: bool = False) -> Callable[..., Any]:
    """Give a screen the :class:`Flow` of the handle in its address, or answer why there is none.

    ``before_account`` is for the screen on which the person says as which account they answer.
    """
    if view is None:
        return partial(opens_request, before_account=before_account)

    @wraps(view)
    def opened() -> ResponseReturnValue:
        with connect(db.engine) as connection:
            found = _find_open(connection, before_account)
            if not isinstance(found, WaitingRequest):
                return found
            parameters = parameters_of(found)
            if not is_of_document(parameters):
                return _open_for_browser(view, found, connection)
        # Seconds may pass here, in which no connection is held.
        page = find_out(parameters, again=url_for("oauth.continue_authorization", request=http_request.args["request"]))
        if page is not None:
            return page
        with connect(db.engine) as connection:
            return _open_for_browser(view, found, connection)

    return opened


def _find_open(connection: Connection, before_account: bool) -> WaitingRequest | ResponseReturnValue:
    """This browser's waiting request, renewed and bound to the person; else what they have to do or to read first."""
    found = find_own_request(connection)
    if not isinstance(found, WaitingRequest):
        return found
    if not current_user.is_authenticated:
        # Whoever cancels has nothing to lose, and can do so at the sign-in.
        kept = find_late_form_page() if http_request.form.get("action") != "cancel" else None
        return kept or redirect(sign_in_url(http_request.full_path), 303)
    if _must_sign_in_again(found):
        # Before the request is bound: whoever signs in now is the one who is asked.
        return redirect(sign_in_url(http_request.full_path, again=True), 303)
    if not renew_authorization_request(connection, found, current_user.id):
        return _tell_what_became(connection)
    if not before_account and _must_choose_account(found):
        return redirect(url_for("oauth.show_account", request=http_request.args["request"]), 303)
    return found


def find_own_request(connection: Connection) -> WaitingRequest | ResponseReturnValue:
    """Returns this browser's waiting request, by the handle in the address; else the page that says why there is none."""
    waiting = find_request_of_browser(connection, http_request.args.get("request", ""))
    if waiting is None:
        return expired_page()
    if waiting.consumed_at is not None:
        return tell_answered(waiting, waiting.user_id)
    return _tell_expired(waiting, keep_what_was_ticked(connection, waiting)) if waiting.is_expired() else waiting


def tell_answered(waiting: WaitingRequest, answered_by: str | None) -> ResponseReturnValue:
    """Answer for a request that was answered before. ``answered_by`` is the id of whose request it was."""
    return redirect(told_url(), 303) if waiting.is_of_device else already_answered_page(answered_by)


def told_url() -> str:
    """Returns the page that tells how this device's request has ended."""
    return url_for("device.show_end", request=http_request.args["request"])


def replay_door(waiting: WaitingRequest) -> Door:
    """Returns the door whose checks the request passes again."""
    return Door.DEVICE_REPLAY if waiting.is_of_device else Door.REPLAY


def _tell_expired(waiting: WaitingRequest, keeps_ticks: bool = False) -> ResponseReturnValue:
    return device_expired_page(keeps_ticks) if waiting.is_of_device else expired_page(keeps_ticks)


def _tell_what_became(connection: Connection) -> ResponseReturnValue:
    """Why the request could not be gone on with, a moment after it was found: another tab was quicker."""
    found = find_own_request(connection)
    if not isinstance(found, WaitingRequest):
        return found
    return _tell_expired(found) if found.user_id in (None, current_user.id) else other_account_page()


def find_request_of_browser(connection: Connection, handle: str) -> WaitingRequest | None:
    """Returns the request of this handle, in whatever state, if it was begun in this browser."""
    waiting = find_authorization_request(connection, handle)
    return waiting if waiting is not None and is_bound_here(handle, waiting) else None


def is_bound_here(handle: str, waiting: WaitingRequest) -> bool:
    """Returns whether the request is this browser's. One that no browser has opened is nobody's."""
    return waiting.browser_digest is not None and is_of_this_browser(handle, waiting.browser_digest)


def _open_for_browser(view: Screen, waiting: WaitingRequest, connection: Connection) -> ResponseReturnValue:
    return forget_request(http_request.args["request"], make_response(_open(view, waiting, connection)))


def _open(view: Screen, waiting: WaitingRequest, connection: Connection) -> ResponseReturnValue:
    request = authorization_request(connection, parameters_of(waiting))
    try:
        # Against today's data: the app may have changed since the request was made.
        way_back = check_way_back(request, replay_door(waiting))
    except Refused as refused:
        return no_way_back_page(refused)
    grant = find_grant(request, way_back, waiting)
    flow = Flow(http_request.args["request"], waiting, request, grant, request.known_client, connection)
    try:
        grant.validate_consent_request()
    except Refused as refused:
        return server.handle_error_response(request, refused) if flow.take() else flow.tell_answered()
    if not waiting.is_of_device:
        let_forms_lead_to_app()
    try:
        return view(flow)
    except Refused as refused:
        return no_way_back_page(refused)
    except (RowGone, NoResultFound):
        # The client was deleted since it was looked up.
        return unknown_app_page()


def find_grant(request: WireRequest, way_back: WayBack, waiting: WaitingRequest) -> AuthorizeGrant:
    """Returns the grant that answers a waiting request."""
    if not waiting.is_of_device:
        return server.authorization_grant(request, way_back)
    request.told_at = told_url()
    return server.device_grant(request, way_back, waiting)


def parameters_of(waiting: WaitingRequest) -> Parameters:
    """Returns the parameters that are replayed."""
    return Parameters(waiting.parameters, {"": waiting.defect} if waiting.defect else {})


def _must_sign_in_again(waiting: WaitingRequest) -> bool:
    """Whether ``prompt=login`` was asked and the person has not signed in since."""
    return asks_prompt(waiting.parameters, "login") and current_user.issued_at <= waiting.issued_at


def _must_choose_account(waiting: WaitingRequest) -> bool:
    """Whether ``prompt=select_account`` was asked, and the person has neither chosen nor signed in since."""
    return (
        asks_prompt(waiting.parameters, "select_account")
        and waiting.account_chosen_at is None
        and current_user.issued_at <= waiting.issued_at
    )


def sign_in_url(next_path: str, *, again: bool = False) -> str:
    """Returns the sign-in page, which leads on to a path of ours."""
    return url_for("accounts.sign_in") + "?" + urlencode({"next": next_path} | ({"again": "1"} if again else {}))
