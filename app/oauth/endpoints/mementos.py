"""The first screen of the decision: which mementos the app may look through."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import redirect, render_template
from flask import request as http_request
from flask_login import current_user

from app.consents.choice import Choice, read_choice
from app.consents.models import Consent
from app.consents.picker import Offer, fields_of, prepare_picker, read_offer
from app.database.engine import expect_writes
from app.extensions import db
from app.http.clear_forms import answers_unclear_forms
from app.http.navigation import only_by_navigation
from app.memories.mementos import (
    IntegrationSummary,
    create_memento,
    list_integrations,
)
from app.oauth.authorization_request import save_choice
from app.oauth.endpoints import blueprint
from app.oauth.endpoints.forms import MementoChoiceForm
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
from app.scopes import SCOPES, parse_scope

_ACTIONS = ("continue", "create", "cancel")
_LISTS = ("memento_ids", "writable_ids", "new_integration_ids")


@blueprint.get("/oauth/authorize/mementos")
@only_by_navigation
@opens_request
def choose_mementos(flow: Flow):
    """Step two of the web flow: which windows into their knowledge the person opens to the app."""
    return _show_picker(flow, MementoChoiceForm(), flow.waiting.choice)


@blueprint.post("/oauth/authorize/mementos", endpoint="save_mementos")
@answers_unclear_forms
@opens_request
def save_mementos(flow: Flow):
    """Remember the choice server-side, make a memento on the way, or cancel."""
    # From the form alone: left to itself Flask-WTF would also take a JSON body.
    form = MementoChoiceForm(formdata=http_request.form)
    action = read_action(_ACTIONS, _LISTS)
    if action == "cancel":
        return flow.cancel()
    choice = read_choice(
        db.session(),
        http_request.form,
        user_id=current_user.id,
        client_key=flow.client.key,
        may_write=asks_to_write(flow),
    )
    integration_ids = http_request.form.getlist("new_integration_ids")[:100]
    if action is None:
        return _show_picker(flow, form, choice, [UNCLEAR], new_integration_ids=integration_ids)
    # A name that was typed is meant, whichever button was pressed.
    if action == "create" or form.new_name.data:
        return _make_memento(flow, form, choice, integration_ids)
    problem = choice.find_problem()
    if problem:
        return _show_picker(flow, form, choice, [problem])
    with flow.connection.transaction():
        changes = flow.renew_under_lock() and _find_changes(flow, http_request.form.getlist("memento_ids"))
        is_saved = not changes and save_choice(flow.connection, flow.waiting, user_id=current_user.id, choice=choice)
    if changes:
        return _show_picker(flow, form, choice, notices=[CHANGED, *changes])
    return redirect(flow.url_for("decide"), 303) if is_saved else already_answered_page()


def _make_memento(flow: Flow, form: MementoChoiceForm, choice: Choice, integration_ids: list[str]):
    ticked = [*http_request.form.getlist("memento_ids"), *integration_ids]
    changes = _find_changes(flow, ticked)
    if changes:
        return _show_picker(flow, form, choice, notices=[CHANGED, *changes], new_integration_ids=integration_ids)
    made_id = _create_memento(form, integration_ids) if form.validate() else None
    if made_id is None:
        return _show_picker(flow, form, choice, new_integration_ids=integration_ids)
    # What was ticked before stays ticked.
    return _show_picker(flow, form, choice.including(made_id))


def _create_memento(form: MementoChoiceForm, integration_ids: list[str]) -> str | None:
    """Make the memento; its id, or None with an error in the form."""
    user_id = current_user.id
    db.session.rollback()
    # For this one transaction alone: beside a writing one the driver connection could not write.
    with expect_writes():
        try:
            memento_id = create_memento(user_id, form.new_name.data or "", integration_ids).id
        except ValueError as error:
            db.session.rollback()
            form.new_name.errors = [str(error)]
            return None
        db.session.commit()
    form.new_name.data = ""
    return memento_id


# -- what it shows -------------------------------------------------------------------------------


@dataclass(slots=True)
class _Screen:
    """What the page is made of, as one look at the database saw it."""

    client: dict[str, str]
    account: object
    names: list[str]
    offer: Offer
    integrations: list[IntegrationSummary]
    consent: Consent | None

    @property
    def facts(self) -> Facts:
        paused_at, saved = self.consent.paused_at if self.consent else None, self.offer.saved
        fixed = common_facts(self.client, self.account) | {
            "abilities": [[name, SCOPES[name]] for name in self.names],
            "saved": saved and [saved.id, saved.name],
            "pause": paused_at and paused_at.isoformat(),
        }
        return Facts(fixed, self.offer.facts | {one.id: [one.kind, one.name] for one in self.integrations})


def _read_screen(flow: Flow) -> _Screen:
    scopes = parse_scope(flow.request.scope)
    return _Screen(
        client=describe_client(flow),
        account=describe_account(),
        names=[name for name in SCOPES if name in scopes],
        offer=read_offer(db.session(), current_user.id, flow.client.key),
        integrations=list_integrations(current_user.id),
        consent=find_consent(flow),
    )


def _find_changes(flow: Flow, ticked: list[str]) -> list[str]:
    db.session.rollback()
    return find_changes(flow, "picker", _read_screen(flow).facts, ticked)


def _show_picker(
    flow: Flow,
    form: MementoChoiceForm,
    choice: Choice,
    problems: Sequence[str] = (),
    *,
    notices: Sequence[str] = (),
    new_integration_ids: Sequence[str] = (),
):
    screen = _read_screen(flow)
    picker = prepare_picker(screen.offer, choice, user_id=current_user.id, may_write=asks_to_write(flow))
    errors = [*problems, *form.new_name.errors]
    page = render_template(
        "oauth/mementos.html",
        form=form,
        seal=seal_page(flow, "picker", screen.facts),
        client=screen.client,
        account=screen.account,
        sentences=[SCOPES[name] for name in screen.names],
        **fields_of(picker),
        integrations=[
            summary_with(integration, label=integration.label, chosen=integration.id in new_integration_ids)
            for integration in screen.integrations
        ],
        errors=[*errors, *notices],
        returning=screen.consent is not None,
        paused_at=screen.consent.paused_at if screen.consent else None,
        switch_url=flow.url_for("switch_account"),
    )
    return page, 422 if errors else 200
