"""The two screens of the decision: choose mementos, then authorize or cancel."""

from collections.abc import Sequence
from dataclasses import fields, replace

from flask import redirect, render_template, url_for
from flask import request as http_request
from flask_login import current_user
from sqlalchemy import select

from app.accounts.sessions import end_session
from app.credentials import digest
from app.database import connect, expect_reads_only
from app.extensions import db
from app.memories.built_in import NONE
from app.memories.mementos import (
    MementoSummary,
    count_chosen,
    create_memento,
    list_integrations,
    list_mementos,
    owned_memento_ids,
    summarize_everything,
)
from app.oauth.choice import Choice, read_choice, separate_saved
from app.oauth.consent_ends import list_ends, read_end
from app.oauth.endpoints import blueprint
from app.oauth.endpoints.logo import logo_url
from app.oauth.endpoints.waiting import (
    Flow,
    already_answered_page,
    find_own_request,
    opens_request,
    sign_in_url,
)
from app.oauth.forms import DecisionForm, MementoChoiceForm
from app.oauth.models.authorization_request import WaitingRequest, release_authorization_request, save_choice
from app.oauth.models.client import Client
from app.oauth.models.consent import Consent, record_consent
from app.oauth.redirect_uris import host_of
from app.oauth.scopes import SCOPES, format_scope, parse_scope, reaches_memories
from app.oauth.server import server

#: From how many mementos on the list gets a search box.
_MANY_MEMENTOS = 8


# -- choose mementos -----------------------------------------------------------------------------


@blueprint.get("/oauth/authorize/mementos")
@opens_request
def choose_mementos(flow: Flow):
    """Step two of the web flow: which windows into their knowledge the person opens to the app."""
    return _show_picker(flow, MementoChoiceForm(), _waiting_choice(flow))


@blueprint.post("/oauth/authorize/mementos", endpoint="save_mementos")
@opens_request
def save_mementos(flow: Flow):
    """Remember the choice server-side, make a memento on the way, or cancel."""
    # From the form alone: left to itself Flask-WTF would also take a JSON body.
    form = MementoChoiceForm(formdata=http_request.form)
    action = http_request.form.get("action")
    if action == "cancel":
        return flow.cancel()
    choice = read_choice(
        http_request.form,
        user_id=current_user.id,
        client_id=flow.client.client_id,
        may_write=_asks_to_write(flow),
    )
    # A name that was typed is meant, whichever button was pressed.
    if action == "create" or form.new_name.data:
        integration_ids = http_request.form.getlist("new_integration_ids")[:100]
        made_id = _create_memento(form, integration_ids) if form.validate() else None
        if made_id is None:
            return _show_picker(flow, form, choice, new_integration_ids=integration_ids)
        # What was ticked before stays ticked.
        choice = replace(
            choice, selection=choice.selection or "selected", memento_ids=(*choice.memento_ids, made_id)
        )
        return _show_picker(flow, form, choice)
    problem = choice.find_problem(nothing=NONE.name)
    if problem:
        return _show_picker(flow, form, choice, problem)
    is_saved = save_choice(
        flow.connection,
        flow.waiting,
        user_id=current_user.id,
        selection=choice.selection,
        memento_ids=choice.memento_ids,
        writable_ids=choice.writable_ids,
    )
    return redirect(flow.url_for("decide"), 303) if is_saved else already_answered_page()


def _asks_to_write(flow: Flow) -> bool:
    return "memories:write" in parse_scope(flow.request.scope)


def _waiting_choice(flow: Flow) -> Choice:
    """What was picked so far."""
    waiting = flow.waiting
    return Choice(waiting.selection, tuple(waiting.memento_ids), tuple(waiting.writable_ids))


def _create_memento(form: MementoChoiceForm, integration_ids: list[str]) -> str | None:
    """Make the memento; its id, or None with an error in the form."""
    user_id = current_user.id
    db.session.rollback()
    expect_reads_only(False)
    try:
        memento_id = create_memento(user_id, form.new_name.data or "", integration_ids).id
    except ValueError as error:
        db.session.rollback()
        form.new_name.errors = [str(error)]
        return None
    db.session.commit()
    form.new_name.data = ""
    return memento_id


def _show_picker(
    flow: Flow,
    form: MementoChoiceForm,
    choice: Choice,
    problem: str | None = None,
    *,
    new_integration_ids: Sequence[str] = (),
):
    mementos, saved = _separate_saved(flow)
    consent = _find_consent(flow)
    errors = [*([problem] if problem else []), *form.new_name.errors]
    page = render_template(
        "oauth/mementos.html",
        form=form,
        client=_describe_client(flow),
        account=current_user,
        sentences=[SCOPES[name] for name in SCOPES if name in parse_scope(flow.request.scope)],
        asks_to_write=_asks_to_write(flow),
        mementos=[
            _with(memento, chosen=memento.id in choice.memento_ids, writable=memento.id in choice.writable_ids)
            for memento in mementos
        ],
        saved=saved,
        everything=summarize_everything(current_user.id),
        selection=choice.selection,
        integrations=[
            _with(integration, label=integration.label, chosen=integration.id in new_integration_ids)
            for integration in list_integrations(current_user.id)
        ],
        errors=errors,
        show_search=len(mementos) >= _MANY_MEMENTOS,
        returning=consent is not None,
        switch_url=flow.url_for("switch_account"),
    )
    return page, 422 if errors else 200


# -- authorize or cancel -------------------------------------------------------------------------


@blueprint.get("/oauth/authorize/consent")
@opens_request
def decide(flow: Flow):
    """The summary a person signs."""
    return _show_consent(flow)


def _show_consent(flow: Flow, error: str | None = None):
    scopes = parse_scope(flow.request.scope)
    needs_mementos = reaches_memories(scopes)
    if needs_mementos and not _has_choice(flow):
        return redirect(flow.url_for("choose_mementos"), 303)
    consent = _find_consent(flow)
    allowed_before = parse_scope(consent.scope) & parse_scope(flow.client.scope) if consent else set()
    optional = parse_scope(flow.client.optional_scope) & scopes
    mementos, saved = _separate_saved(flow)
    mementos = [memento for memento in mementos if memento.id in flow.waiting.memento_ids]
    before = {one.id: one.name for one in consent.mementos if saved is None or one.id != saved.id} if consent else {}
    page = render_template(
        "oauth/consent.html",
        form=DecisionForm(formdata=None, shown=_fingerprint(flow)),
        error=error,
        client=_describe_client(flow),
        account=current_user,
        scopes=[
            {
                "name": name,
                "sentence": SCOPES[name],
                "is_new": name not in allowed_before,
                "is_optional": name in optional,
                # Whoever was here before finds what they left out as they left it.
                "is_chosen": name in allowed_before or consent is None,
            }
            for name in SCOPES
            if name in scopes | allowed_before
        ],
        needs_mementos=needs_mementos,
        selection=flow.waiting.selection,
        asks_to_write=_asks_to_write(flow),
        mementos=[
            _with(memento, is_new=memento.id not in before, writable=memento.id in flow.waiting.writable_ids)
            for memento in mementos
        ],
        saved=saved,
        ends=list_ends(consent.expires_at if consent else None),
        total_count=_count_reachable(flow),
        returning=consent is not None,
        since=consent.issued_at if consent else None,
        selection_before=consent.selection if consent else None,
        removed=_list_removed(flow, before),
        change_url=flow.url_for("choose_mementos"),
        switch_url=flow.url_for("switch_account"),
        undo_url=url_for("personal.overview"),
    )
    return page, 422 if error else 200


@blueprint.post("/oauth/authorize/consent", endpoint="record_decision")
@opens_request
def record_decision(flow: Flow):
    """Consume the request and replay it through Authlib, in one transaction that exactly one click can win."""
    if http_request.form.get("action") == "cancel":
        return flow.cancel()
    if http_request.form.get("action") != "authorize":
        return redirect(flow.url_for("decide"), 303)
    declined = _read_declined(flow)
    granted = parse_scope(flow.request.scope) - declined
    if not granted:
        return _show_consent(flow, "Leave at least one thing ticked that the app may do, or cancel.")
    # Replayed below, as if the app had asked for no more than the person allows.
    flow.request.payload.data["scope"] = format_scope(granted)
    needs_mementos = reaches_memories(granted)
    if needs_mementos and not _has_choice(flow):
        return redirect(flow.url_for("choose_mementos"), 303)
    if http_request.form.get("shown") not in (None, _fingerprint(flow)):
        # Another tab of the same request changed the choice: nobody signs what they have not been shown.
        return redirect(flow.url_for("decide"), 303)
    consent = _find_consent(flow)
    expires_at = read_end(http_request.form.get("until"), consent.expires_at if consent else None)
    db.session.rollback()
    with flow.connection.transaction():
        if flow.take():
            flow.request.consent = record_consent(
                flow.connection,
                user_id=current_user.id,
                client_id=flow.client.client_id,
                scope=format_scope(granted),
                declined=declined,
                selection=flow.waiting.selection if needs_mementos else None,
                memento_ids=flow.waiting.memento_ids,
                writable_ids=flow.waiting.writable_ids,
                expires_at=expires_at,
            )
            return server.create_authorization_response(flow.request, current_user, flow.grant)
    return already_answered_page()


def _read_declined(flow: Flow) -> set[str]:
    """The optional scopes that were asked for and are not ticked. A form without those ticks declines nothing."""
    if "chooses_scopes" not in http_request.form:
        return set()
    offered = parse_scope(flow.client.optional_scope) & parse_scope(flow.request.scope)
    return offered - set(http_request.form.getlist("scopes"))


def _fingerprint(flow: Flow) -> str:
    """Of the choice as it waits now."""
    return _waiting_choice(flow).fingerprint[:16]


def _separate_saved(flow: Flow) -> tuple[list[MementoSummary], MementoSummary | None]:
    return separate_saved(
        list_mementos(current_user.id), user_id=current_user.id, client_id=flow.client.client_id
    )


def _has_choice(flow: Flow) -> bool:
    """Whether the choice can still be signed: made, and not of mementos that were deleted since."""
    if flow.waiting.selection != "selected":
        return flow.waiting.selection is not None
    return len(owned_memento_ids(current_user.id, flow.waiting.memento_ids)) == len(flow.waiting.memento_ids) > 0


def _list_removed(flow: Flow, before: dict[str, str]) -> list[str]:
    """The names of the mementos that the app loses: none when it is now to see everything."""
    if flow.waiting.selection == "all":
        return []
    return [name for memento_id, name in before.items() if memento_id not in flow.waiting.memento_ids]


def _count_reachable(flow: Flow) -> int:
    if flow.waiting.selection == "all":
        return summarize_everything(current_user.id).count
    if flow.waiting.selection == "selected":
        return count_chosen(current_user.id, flow.waiting.memento_ids)
    return 0


# -- not you? switch -----------------------------------------------------------------------------


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


# -- what both screens show ----------------------------------------------------------------------


def _describe_client(flow: Flow) -> dict[str, str]:
    """Who asks, and the host that will receive the answer."""
    client = db.session.get_one(Client, flow.client.client_id)
    return {
        "name": client.name,
        "organization_name": client.organization.name,
        "homepage_url": client.homepage_url,
        "privacy_url": client.privacy_url,
        "terms_url": client.terms_url,
        "logo_url": logo_url(client),
        "type": client.type,
        "redirect_host": host_of(flow.request.payload.redirect_uri),
    }


def _find_consent(flow: Flow) -> Consent | None:
    """The live consent with its mementos, for what is new since last time."""
    consent = db.session.scalar(
        select(Consent).where(
            Consent.user_id == current_user.id,
            Consent.client_id == flow.client.client_id,
            Consent.revoked_at.is_(None),
        )
    )
    return consent if consent is not None and consent.is_live() else None


def _with(summary, **more):
    """What a summary tells, and more, for a template."""
    return {field.name: getattr(summary, field.name) for field in fields(summary)} | more
