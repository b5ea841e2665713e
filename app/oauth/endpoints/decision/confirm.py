"""The second screen of the decision: the summary that a person signs, or cancels."""

from flask import redirect
from flask import request as http_request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.clients.unregistered import note_first_use
from app.consents.choice import Choice
from app.consents.continuing import AlreadyContinued
from app.consents.installations import Predecessor
from app.consents.telling import tell_device
from app.credentials import is_id
from app.database.access import read_anew
from app.extensions import db
from app.http.clear_forms import answers_unclear_forms
from app.http.navigation import only_by_navigation
from app.oauth.asked_apps import forget_asked
from app.oauth.endpoints import blueprint
from app.oauth.endpoints.decision.answers import CHANGED, UNCLEAR, find_changes, read_action
from app.oauth.endpoints.decision.installations import SAME, write_down
from app.oauth.endpoints.decision.summary import Summary, read_summary
from app.oauth.endpoints.decision.summary_page import show_summary
from app.oauth.endpoints.waiting import Flow, opens_request
from app.oauth.refusals import Refused
from app.oauth.server import server
from app.scopes import format_scope, reaches_memories
from app.sentences import _

_ACTIONS = ("authorize", "wait", "cancel")
_LISTS = ("scopes",)


@blueprint.get("/oauth/authorize/consent")
@only_by_navigation
@opens_request
def decide(flow: Flow) -> ResponseReturnValue:
    """The summary a person signs."""
    return show_summary(flow)


@blueprint.post("/oauth/authorize/consent")
@answers_unclear_forms
@opens_request
def record_decision(flow: Flow) -> ResponseReturnValue:
    """Consume the request and replay it through Authlib, in one transaction that exactly one click can win."""
    action = read_action(_ACTIONS, _LISTS)
    if action == "cancel":
        return flow.cancel()
    if action is None:
        return show_summary(flow, errors=[UNCLEAR])
    if action == "wait":
        return show_summary(flow)
    try:
        with flow.connection.transaction():
            return _decide(flow)
    except _NotChosen:
        return redirect(flow.url_for("choose_mementos"), 303)
    except _NotDecided as reason:
        return show_summary(flow, errors=reason.errors, notices=reason.notices)


class _NotDecided(Exception):
    """The page must be shown again, and everything in the transaction undone: why, as sentences."""

    def __init__(self, *, errors: list[str] | None = None, notices: list[str] | None = None):
        super().__init__()
        self.errors, self.notices = errors or [], notices or []


class _NotChosen(Exception):
    """What it is to see has to be chosen first, and everything in the transaction undone."""


def _decide(flow: Flow) -> ResponseReturnValue:
    """Write down what was allowed, and issue the code. Nobody else changes what it depends on meanwhile."""
    same_id = http_request.form.get(SAME) or None
    if same_id is not None and not is_id(same_id):
        raise _NotDecided(errors=[UNCLEAR])
    if not flow.renew_under_lock(same_id) or not flow.take():
        return flow.tell_answered()
    read_anew(db.session())
    summary = read_summary(flow)
    changes = find_changes(flow, "consent", summary.facts, [same_id] if same_id else [])
    if changes:
        raise _NotDecided(notices=[CHANGED, *changes])
    same = summary.find_predecessor(same_id)
    if same_id is not None and same is None:
        raise _NotDecided(errors=[UNCLEAR])
    declined = _read_declined(summary)
    granted = summary.scopes - declined
    if not granted:
        raise _NotDecided(errors=[_("Leave at least one thing ticked that the app may do, or cancel.")])
    # Replayed below, as if the app had asked for no more than the person allows.
    flow.request.settle_scope(granted)
    try:
        flow.grant.validate_consent_request()
    except Refused as refused:
        return server.handle_error_response(flow.request, refused)
    try:
        flow.request.consent = write_down(
            flow,
            summary,
            same,
            http_request.form.get("until"),
            scope=format_scope(granted),
            declined=declined,
            resources=flow.request.resource_names,
            choice=_find_choice(summary, same, granted),
        )
    except AlreadyContinued:
        raise _NotDecided(notices=[CHANGED]) from None
    if flow.waiting.is_of_device:
        is_further = summary.consent is not None or same is not None
        tell_device(flow.connection, flow.request.consent.grant_id, is_further=is_further)
    note_first_use(flow.connection, flow.client)
    forget_asked(flow.connection, current_user.id, flow.client.key)
    return server.create_authorization_response(flow.request, current_user, flow.grant)


def _find_choice(summary: Summary, same: Predecessor | None, granted: frozenset[str]) -> Choice | None:
    """Returns which mementos it is to look through. Raises :class:`_NotChosen` when nobody has said so yet."""
    if same is not None and same.choice is not None:
        return same.choice
    if not reaches_memories(granted):
        return None
    if not summary.has_choice:
        raise _NotChosen
    return summary.choice


def _read_declined(summary: Summary) -> frozenset[str]:
    """The optional scopes that were asked for and are not ticked. A form without those ticks declines nothing."""
    if "chooses_scopes" not in http_request.form:
        return frozenset()
    return summary.optional - set(http_request.form.getlist("scopes"))
