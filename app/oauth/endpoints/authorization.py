"""The authorize endpoint (:rfc:`6749#section-3.1`): identify the client, keep the request, lead the person on."""

from flask import Response, redirect
from flask import request as http_request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.consents.installations import installation_of
from app.consents.saved import find_saved_memento_id
from app.consents.snapshot import ConsentSnapshot, find_live_consent
from app.credentials import digest
from app.database.connections import RowGone, connect
from app.extensions import db
from app.http.direct.call import Row, both_spellings
from app.http.doors import STEP
from app.http.navigation import only_by_navigation
from app.http.safe_next import address_of
from app.oauth.authorization_request import save_choice
from app.oauth.by_consent import answer_by_consent, find_covered, may_need_no_screen
from app.oauth.checks import Door, check_way_back
from app.oauth.checks.parameters import asks_prompt
from app.oauth.checks.pushed import find_reference
from app.oauth.endpoints import aliases, blueprint, by_consent, documented
from app.oauth.endpoints.decision.summary import may_go_on_as_before
from app.oauth.endpoints.documents import find_out, is_known_already, is_of_document
from app.oauth.endpoints.error_pages import no_way_back_page, unknown_app_page
from app.oauth.endpoints.keeping import begin_again_behind_sign_in, continue_url, keep_request
from app.oauth.endpoints.late import find_ticks_to_begin_with
from app.oauth.endpoints.opening import open_pushed_request
from app.oauth.endpoints.requests import authorization_request
from app.oauth.endpoints.waiting import (
    Flow,
    opens_request,
    sign_in_url,
)
from app.oauth.parameters import Parameters, parse_parameters
from app.oauth.refusals import Refused
from app.oauth.server import server
from app.oauth.standing import StandingConsent, find_standing
from app.oauth.wire_request import WireRequest
from app.scopes import parse_scope, reaches_memories

_PATH, _DOCUMENTED = "/oauth/authorize", "/api/v1/auth/oauth2/authorize/"
DIRECT = tuple(
    Row("GET", both_spellings(path), path, STEP, by_consent.answer, takes_query=True)
    for path in (_PATH, "/authorize", _DOCUMENTED)
)


@blueprint.get(_PATH)
@documented.get("/authorize/", door=STEP)
@aliases.get("/authorize", door=STEP)
@only_by_navigation
def authorize() -> ResponseReturnValue:
    """Step one of the web flow, where an app sends its user.

    Without a known client and one of its redirect URIs there is nowhere to send an error, so
    that is a page (:rfc:`6749#section-4.1.2.1`). Every other error is a redirect, but only
    once the person has signed in: else this endpoint would bounce anybody to any registered
    address (:rfc:`9700#section-4.11.2`).
    """
    parameters = parse_parameters(http_request.query_string)
    handle = find_reference(parameters.values)
    if handle is not None:
        return open_pushed_request(parameters, handle)
    if is_of_document(parameters):
        page = find_out(parameters, again=address_of(http_request.path, http_request.query_string))
        if page is not None:
            return page
        if not current_user.is_authenticated and not is_known_already(parameters.values["client_id"]):
            # Who it is, is found out once somebody has signed in.
            return begin_again_behind_sign_in()
    with connect(db.engine) as connection:
        try:
            request = authorization_request(connection, parameters)
            if current_user.is_authenticated:
                return _proceed(parameters, request)
            check_way_back(request, Door.AUTHORIZE)
            return _keep_and_lead_to_sign_in(parameters, request)
        except Refused as refused:
            return no_way_back_page(refused)
        except RowGone:
            # The client was deleted since it was looked up.
            return unknown_app_page()


def _keep_and_lead_to_sign_in(parameters: Parameters, request: WireRequest) -> Response:
    return keep_request(
        request.connection,
        parameters,
        request.known_client,
        user_id=None,
        lead_on=lambda handle: sign_in_url(continue_url(handle)),
    )


def _proceed(parameters: Parameters, request: WireRequest) -> Response:
    consent = _find_consent(request)
    grant = server.authorization_grant(request, check_way_back(request, Door.AUTHORIZE))
    try:
        answer = answer_by_consent(request, grant, consent, digest(current_user.credential))
    except Refused as refused:
        return server.handle_error_response(request, refused)
    if answer is not None:
        return server.handle_response(*answer)
    # Apps also ask for a sign-in so that somebody else can answer: then it is nobody's yet.
    asks_login = asks_prompt(parameters.values, "login")
    owner = None if asks_login else current_user.id
    return keep_request(
        request.connection, parameters, request.known_client, user_id=owner, lead_on=continue_url, again=asks_login
    )


def _find_consent(request: WireRequest) -> StandingConsent | None:
    """What the person allows the app, in one look with the app itself, by which the checks go."""
    client_id = request.payload.client_id
    standing = None if client_id is None else find_standing(request.connection, client_id, current_user.id)
    if standing is None:
        return None
    request.client_seen = standing.client
    return standing.consent


def _find_covering_consent(request: WireRequest) -> ConsentSnapshot | None:
    """The live consent that makes a screen needless."""
    if not may_need_no_screen(request):
        return None
    consent = find_live_consent(request.connection, current_user.id, request.known_client.key)
    covered = find_covered(request, consent)
    if covered is None:
        return None
    request.settle_scope(covered)
    return consent


@blueprint.get("/oauth/authorize/continue")
@only_by_navigation
@opens_request
def continue_authorization(flow: Flow) -> ResponseReturnValue:
    """Where every step leads back to: whatever is still to be done for the waiting request."""
    consent = _find_present_consent(flow)
    asked = flow.request.payload.data["scope"]
    # Who holds a device in front of them, nobody knows but the person: so there is always a screen.
    if not flow.waiting.is_of_device and _find_covering_consent(flow.request) is not None:
        try:
            with flow.connection.transaction():
                return _answer_by_itself(flow, asked)
        except _NotCovered:
            flow.request.reopen_scope(asked)
            consent = _find_present_consent(flow)
    needs_choice = reaches_memories(parse_scope(flow.request.scope)) and (
        find_ticks_to_begin_with(flow.connection, flow.waiting) is not None
        or not _start_from_present_choice(flow, consent)
    )
    if not needs_choice or may_go_on_as_before(flow):
        return redirect(flow.url_for("decide"), 303)
    return redirect(flow.url_for("choose_mementos"), 303)


def _find_present_consent(flow: Flow) -> ConsentSnapshot | None:
    """What the person allows the installation that asks, if it is known which one that is."""
    return find_live_consent(flow.connection, current_user.id, flow.client.key, installation_of(flow.client))


class _NotCovered(Exception):
    """The consent that made the screens needless was ended or made smaller at this moment."""


def _answer_by_itself(flow: Flow, asked: str) -> ResponseReturnValue:
    """Inside a transaction: answer without a screen, of several tabs in one. Raises :class:`_NotCovered`."""
    if not flow.renew_under_lock() or not flow.take():
        return flow.tell_answered()
    flow.request.reopen_scope(asked)
    flow.request.consent = _find_covering_consent(flow.request)
    if flow.request.consent is None:
        raise _NotCovered
    return server.create_authorization_response(flow.request, current_user, flow.grant)


def _start_from_present_choice(flow: Flow, consent: ConsentSnapshot | None) -> bool:
    """Fill in what a returning person chose before; False when there is no such choice."""
    if flow.waiting.selection is not None:
        return True
    if consent is None or not reaches_memories(parse_scope(consent.scope)):
        return False
    installation = installation_of(flow.client)
    saved = find_saved_memento_id(db.session(), current_user.id, flow.client.key, installation)
    choice = consent.choice.without(saved)
    if choice.selection == "selected" and not choice.can_write:
        return False
    return save_choice(flow.connection, flow.waiting, user_id=current_user.id, choice=choice)
