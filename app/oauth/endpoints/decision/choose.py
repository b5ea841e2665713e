"""The first screen of the decision: which mementos the app may look through."""

from flask import redirect
from flask import request as http_request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.consents.choice import Choice, read_choice
from app.consents.installations import installation_of
from app.database.access import expect_writes, read_anew
from app.extensions import db
from app.http.clear_forms import answers_unclear_forms
from app.http.navigation import only_by_navigation
from app.memories.mementos import (
    create_memento,
)
from app.oauth.authorization_request import save_choice
from app.oauth.endpoints import blueprint
from app.oauth.endpoints.decision.answers import CHANGED, UNCLEAR, find_changes, read_action
from app.oauth.endpoints.decision.choose_page import read_screen, show_picker
from app.oauth.endpoints.decision.forms import MementoChoiceForm
from app.oauth.endpoints.decision.shown import asks_to_write
from app.oauth.endpoints.error_pages import already_answered_page
from app.oauth.endpoints.waiting import Flow, opens_request

_ACTIONS = ("continue", "create", "cancel")
_LISTS = ("memento_ids", "writable_ids", "new_integration_ids")


@blueprint.get("/oauth/authorize/mementos")
@only_by_navigation
@opens_request
def choose_mementos(flow: Flow) -> ResponseReturnValue:
    """Step two of the web flow: which windows into their knowledge the person opens to the app."""
    return show_picker(flow, MementoChoiceForm(), flow.waiting.choice)


@blueprint.post("/oauth/authorize/mementos", endpoint="save_mementos")
@answers_unclear_forms
@opens_request
def save_mementos(flow: Flow) -> ResponseReturnValue:
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
        installation=installation_of(flow.client),
        may_write=asks_to_write(flow),
    )
    integration_ids = http_request.form.getlist("new_integration_ids")[:100]
    if action is None:
        return show_picker(flow, form, choice, [UNCLEAR], new_integration_ids=integration_ids)
    # A name that was typed is meant, whichever button was pressed.
    if action == "create" or form.new_name.data:
        return _make_memento(flow, form, choice, integration_ids)
    problem = choice.find_problem()
    if problem:
        return show_picker(flow, form, choice, [problem])
    with flow.connection.transaction():
        changes = flow.renew_under_lock() and _find_changes(flow, http_request.form.getlist("memento_ids"))
        is_saved = not changes and save_choice(flow.connection, flow.waiting, user_id=current_user.id, choice=choice)
    if changes:
        return show_picker(flow, form, choice, notices=[CHANGED, *changes])
    return redirect(flow.url_for("decide"), 303) if is_saved else already_answered_page(current_user.id)


def _make_memento(
    flow: Flow, form: MementoChoiceForm, choice: Choice, integration_ids: list[str]
) -> ResponseReturnValue:
    ticked = [*http_request.form.getlist("memento_ids"), *integration_ids]
    changes = _find_changes(flow, ticked)
    if changes:
        return show_picker(flow, form, choice, notices=[CHANGED, *changes], new_integration_ids=integration_ids)
    made_id = _create_memento(form, integration_ids) if form.validate() else None
    if made_id is None:
        return show_picker(flow, form, choice, new_integration_ids=integration_ids)
    # What was ticked before stays ticked.
    return show_picker(flow, form, choice.including(made_id))


def _create_memento(form: MementoChoiceForm, integration_ids: list[str]) -> str | None:
    """Make the memento; its id, or None with an error in the form."""
    user_id = current_user.id
    read_anew(db.session())
    # For this one transaction alone: beside a writing one the driver connection could not write.
    with expect_writes():
        try:
            memento_id = create_memento(db.session(), user_id, form.new_name.data or "", integration_ids).id
        except ValueError as error:
            db.session.rollback()
            form.new_name.errors = [str(error)]
            return None
        db.session.commit()
    form.new_name.data = ""
    return memento_id


def _find_changes(flow: Flow, ticked: list[str]) -> list[str]:
    read_anew(db.session())
    return find_changes(flow, "picker", read_screen(flow).facts, ticked)
