"""The second screen of the decision: the summary that a person signs, or cancels."""

from dataclasses import dataclass, replace
from datetime import datetime

from flask import Response, flash, redirect, render_template, url_for
from flask import request as http_request
from flask_login import current_user

from app.consents.changes import give_consent
from app.consents.choice import Choice
from app.consents.ends import End, list_ends, read_end
from app.consents.models import Consent
from app.consents.picker import describe_memento, read_offer
from app.extensions import db
from app.http.clear_forms import answers_unclear_forms
from app.http.navigation import only_by_navigation
from app.memories.mementos import MementoSummary, count_chosen, owned_memento_ids, summarize_everything
from app.oauth.endpoints import blueprint
from app.oauth.endpoints.forms import DecisionForm
from app.oauth.endpoints.screen import (
    CHANGED,
    UNCLEAR,
    asks_to_write,
    common_facts,
    describe_account,
    describe_client,
    find_changes,
    find_consent,
    read_action,
    seal_page,
    summary_with,
)
from app.oauth.endpoints.screen_facts import Facts
from app.oauth.endpoints.waiting import Flow, already_answered_page, opens_request
from app.oauth.refusals import Refused
from app.oauth.server import server
from app.scopes import SCOPES, format_scope, parse_scope, reaches_memories
from app.sentences import _, translated

_ACTIONS = ("authorize", "cancel")
_LISTS = ("scopes",)


@blueprint.get("/oauth/authorize/consent")
@only_by_navigation
@opens_request
def decide(flow: Flow):
    """The summary a person signs."""
    return _show_consent(flow)


@blueprint.post("/oauth/authorize/consent", endpoint="record_decision")
@answers_unclear_forms
@opens_request
def record_decision(flow: Flow):
    """Consume the request and replay it through Authlib, in one transaction that exactly one click can win."""
    action = read_action(_ACTIONS, _LISTS)
    if action == "cancel":
        return flow.cancel()
    if action is None:
        return _show_consent(flow, errors=[UNCLEAR])
    try:
        with flow.connection.transaction():
            return _decide(flow)
    except _NotDecided as reason:
        return _show_consent(flow, errors=reason.errors, notices=reason.notices)


class _NotDecided(Exception):
    """The page must be shown again, and everything in the transaction undone: why, as sentences."""

    def __init__(self, *, errors: list[str] | None = None, notices: list[str] | None = None):
        super().__init__()
        self.errors, self.notices = errors or [], notices or []


def _decide(flow: Flow) -> Response:
    """Write down what was allowed, and issue the code. Nobody else changes what it depends on meanwhile."""
    if not flow.renew_under_lock() or not flow.take():
        return already_answered_page()
    db.session.rollback()
    summary = _read_summary(flow)
    changes = find_changes(flow, "consent", summary.facts)
    if changes:
        raise _NotDecided(notices=[CHANGED, *changes])
    declined = _read_declined(summary)
    granted = summary.scopes - declined
    if not granted:
        raise _NotDecided(errors=[_("Leave at least one thing ticked that the app may do, or cancel.")])
    # Replayed below, as if the app had asked for no more than the person allows.
    flow.request.payload.data["scope"] = format_scope(granted)
    try:
        flow.grant.validate_consent_request()
    except Refused as refused:
        return server.handle_error_response(flow.request, refused)
    present = summary.consent
    flow.request.consent = give_consent(
        flow.connection,
        user_id=current_user.id,
        client_key=flow.client.key,
        scope=format_scope(granted),
        declined=declined,
        choice=summary.choice if reaches_memories(granted) else None,
        expires_at=read_end(http_request.form.get("until"), present.expires_at if present else None),
        # The button says so, and the facts that were just compared say that it did.
        resumes=True,
    )
    return server.create_authorization_response(flow.request, current_user, flow.grant)


def _read_declined(summary: "_Summary") -> set[str]:
    """The optional scopes that were asked for and are not ticked. A form without those ticks declines nothing."""
    if "chooses_scopes" not in http_request.form:
        return set()
    return summary.optional - set(http_request.form.getlist("scopes"))


# -- what it shows -------------------------------------------------------------------------------


@dataclass(slots=True)
class _Summary:
    """What the page is made of, as one look at the database saw it."""

    client: dict[str, str]
    account: object
    scopes: frozenset[str]
    optional: frozenset[str]
    allowed_before: frozenset[str]
    choice: Choice
    mementos: list[MementoSummary]
    saved: MementoSummary | None
    consent: Consent | None

    @property
    def needs_mementos(self) -> bool:
        return reaches_memories(self.scopes)

    @property
    def names(self) -> list[str]:
        """The scopes that hold from now on: what is asked for, and what was allowed before."""
        return [name for name in SCOPES if name in self.scopes | self.allowed_before]

    @property
    def before(self) -> dict[str, str]:
        """The mementos of the present consent, by name."""
        if self.consent is None:
            return {}
        return {one.id: one.name for one in self.consent.mementos if self.saved is None or one.id != self.saved.id}

    @property
    def removed(self) -> list[str]:
        """The names of the mementos that the app loses: none when it is now to see everything."""
        if self.choice.selection == "all":
            return []
        return [name for memento_id, name in self.before.items() if memento_id not in self.choice.can_write]

    @property
    def paused_at(self) -> datetime | None:
        return self.consent.paused_at if self.consent else None

    @property
    def facts(self) -> Facts:
        present = self.consent
        loses_everything = present is not None and present.selection == "all" and self.choice.selection != "all"
        return Facts(
            common_facts(self.client, self.account)
            | {
                "abilities": [[name, SCOPES[name], name in self.optional] for name in self.names],
                "choice": self.needs_mementos and self.choice.fingerprint,
                "mementos": sorted(map(describe_memento, self.mementos)),
                "saved": self.saved and [self.saved.id, self.saved.name],
                "losses": [self.needs_mementos and loses_everything, self.needs_mementos and sorted(self.removed)],
                "end": present and present.expires_at and present.expires_at.isoformat(),
                "pause": self.paused_at and self.paused_at.isoformat(),
            }
        )


def _read_summary(flow: Flow) -> _Summary:
    waiting, consent = flow.waiting, find_consent(flow)
    scopes = parse_scope(flow.request.scope)
    offer = read_offer(db.session(), current_user.id, flow.client.key)
    return _Summary(
        client=describe_client(flow),
        account=describe_account(),
        scopes=scopes,
        optional=parse_scope(flow.client.optional_scope) & scopes,
        allowed_before=parse_scope(consent.scope) & parse_scope(flow.client.scope) if consent else frozenset(),
        choice=waiting.choice,
        mementos=[memento for memento in offer.mementos if memento.id in waiting.choice.can_write],
        saved=offer.saved,
        consent=consent,
    )


def _show_consent(flow: Flow, *, errors: list[str] | None = None, notices: list[str] | None = None):
    if reaches_memories(parse_scope(flow.request.scope)) and not _has_choice(flow):
        for notice in notices or ():
            flash(translated(notice), "error")
        return redirect(flow.url_for("choose_mementos"), 303)
    summary = _read_summary(flow)
    consent, before = summary.consent, summary.before
    page = render_template(
        "oauth/consent.html",
        form=DecisionForm(formdata=None, shown=seal_page(flow, "consent", summary.facts)),
        errors=[*(errors or []), *(notices or [])],
        client=summary.client,
        account=summary.account,
        scopes=[_describe_scope(name, summary) for name in summary.names],
        needs_mementos=summary.needs_mementos,
        selection=summary.choice.selection,
        asks_to_write=asks_to_write(flow),
        mementos=[
            summary_with(memento, is_new=memento.id not in before, writable=summary.choice.can_write[memento.id])
            for memento in summary.mementos
        ],
        saved=summary.saved,
        ends=_list_ends(consent),
        total_count=_count_reachable(summary.choice),
        returning=consent is not None,
        since=consent.issued_at if consent else None,
        paused_at=summary.paused_at,
        selection_before=consent.selection if consent else None,
        removed=summary.removed,
        change_url=flow.url_for("choose_mementos"),
        switch_url=flow.url_for("switch_account"),
        undo_url=url_for("personal.overview"),
    )
    return page, 422 if errors else 200


def _describe_scope(name: str, summary: _Summary) -> dict[str, object]:
    return {
        "name": name,
        "sentence": SCOPES[name],
        "is_new": name not in summary.allowed_before,
        "is_optional": name in summary.optional,
        "is_chosen": _is_ticked(name, summary),
    }


def _is_ticked(name: str, summary: _Summary) -> bool:
    if name in http_request.form.get("chooses_scopes", "").split():
        # The page is shown again: what was unticked on it stays so.
        return name in http_request.form.getlist("scopes")
    # Whoever was here before finds what they left out as they left it.
    return name in summary.allowed_before or summary.consent is None


def _list_ends(consent: Consent | None) -> list[End]:
    ends = list_ends(consent.expires_at if consent else None)
    chosen = http_request.form.get("until")
    if chosen not in {end.value for end in ends}:
        return ends
    return [replace(end, chosen=end.value == chosen) for end in ends]


def _has_choice(flow: Flow) -> bool:
    """Whether the choice can still be signed: made, and not of mementos that were deleted since."""
    choice = flow.waiting.choice
    if choice.selection != "selected":
        return choice.selection is not None
    return len(owned_memento_ids(current_user.id, choice.memento_ids)) == len(choice.can_write) > 0


def _count_reachable(choice: Choice) -> int:
    if choice.selection == "all":
        return summarize_everything(current_user.id).count
    if choice.selection == "selected":
        return count_chosen(current_user.id, choice.memento_ids)
    return 0
