"""Which account answers: the one that is signed in, or another that the person switches to."""

from flask import redirect, render_template
from flask import request as http_request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.accounts.sessions import end_session
from app.credentials import digest
from app.database.connections import connect
from app.extensions import db
from app.http.clear_forms import answers_unclear_forms
from app.http.doors import PAGE
from app.http.navigation import only_by_navigation
from app.oauth.authorization_request import WaitingRequest, choose_account, release_authorization_request
from app.oauth.endpoints import blueprint
from app.oauth.endpoints.decision.answers import UNCLEAR, read_action
from app.oauth.endpoints.decision.shown import describe_account, describe_client
from app.oauth.endpoints.decision.wait import describe_wait
from app.oauth.endpoints.keeping import continue_url, this_network
from app.oauth.endpoints.waiting import Flow, find_own_request, opens_request, sign_in_url

_ACTIONS = ("continue", "wait", "cancel")


@blueprint.get("/oauth/authorize/account")
@only_by_navigation
@opens_request(before_account=True)
def show_account(flow: Flow) -> ResponseReturnValue:
    """``prompt=select_account``: who is signed in, before anything else is asked."""
    return _show_account(flow)


@blueprint.post("/oauth/authorize/account", endpoint="choose_account")
@answers_unclear_forms
@opens_request(before_account=True)
def go_on_as_this_account(flow: Flow) -> ResponseReturnValue:
    """Answer as the account that the page named, or not at all."""
    action = read_action(_ACTIONS)
    if action == "cancel":
        return flow.cancel()
    if action == "wait":
        return _show_account(flow)
    # Another account may have been signed in since, in another tab: it has not been shown.
    if action is None or http_request.form.get("account", current_user.id) != current_user.id:
        return _show_account(flow, UNCLEAR)
    if not choose_account(flow.connection, flow.waiting, current_user.id):
        return flow.tell_answered()
    return redirect(flow.url_for("continue_authorization"), 303)


def _show_account(flow: Flow, error: str | None = None) -> ResponseReturnValue:
    page = render_template(
        "oauth/account.html",
        error=error,
        client=describe_client(flow),
        account=describe_account(),
        switch_url=flow.url_for("switch_account"),
        waits=describe_wait(flow),
    )
    return page, 422 if error else 200


@blueprint.post("/oauth/authorize/switch", door=PAGE)
def switch_account() -> ResponseReturnValue:
    """Sign out and let somebody else answer the same request."""
    with connect(db.engine) as connection:
        waiting = find_own_request(connection)
        if not isinstance(waiting, WaitingRequest):
            return waiting
        if waiting.user_id is not None and waiting.user_id == getattr(current_user, "id", None):
            release_authorization_request(connection, waiting, this_network())
    if current_user.is_authenticated:
        end_session(digest(current_user.credential))
        db.session.commit()
    return redirect(sign_in_url(continue_url(http_request.args["request"])), 303)
