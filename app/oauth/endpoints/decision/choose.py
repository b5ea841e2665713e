"""The first screen of the decision: which mementos the app may look through."""

from functools import partial

from flask import redirect
from flask import request as http_request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.consents.choice import Choice, read_choice
from app.consents.installations import installation_of
from app.consents.maker import Wanted, read_wanted, read_words
from app.database.access import expect_writes, read_anew
from app.extensions import db
from app.http.clear_forms import answers_unclear_forms
from app.http.error_answers import keeps_what_was_typed
from app.http.navigation import only_by_navigation
from app.memories.found import make_memento_of
from app.memories.mementos import MementoError
from app.oauth.authorization_request import save_choice
from app.oauth.endpoints import blueprint
from app.oauth.endpoints.decision.answers import CHANGED, UNCLEAR, find_changes, read_action
from app.oauth.endpoints.decision.choose_page import read_screen, show_picker
from app.oauth.endpoints.decision.forms import MementoChoiceForm
from app.oauth.endpoints.decision.shown import asks_to_write
from app.oauth.endpoints.late import find_ticks_to_begin_with
from app.oauth.endpoints.waiting import Flow, opens_request
from app.sentences import sentence_of

_ACTIONS = ("continue", "create", "search", "find", "preview", "wait", "cancel")
_LISTS = ("memento_ids", "writable_ids", "new_integration_ids", "new_memory_ids")
#: What only shows the page again, and decides nothing.
_LOOKS = ("search", "find", "preview", "wait")


@blueprint.get("/oauth/authorize/mementos")
@only_by_navigation
@opens_request
def choose_mementos(flow: Flow) -> ResponseReturnValue:
    """Step two of the web flow: which windows into their knowledge the person opens to the app."""
    left = find_ticks_to_begin_with(flow.connection, flow.waiting)
    choice = flow.waiting.choice if left is None else left.choice
    return show_picker(flow, MementoChoiceForm(formdata=None), choice, left_at=left.expires_at if left else None)


@blueprint.post("/oauth/authorize/mementos")
@answers_unclear_forms
@keeps_what_was_typed
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
    wanted, sought = read_wanted(http_request.form), read_words(http_request.form, "sought")
    shown = partial(show_picker, flow, form, choice, wanted=wanted, sought=sought)
    if action is None:
        return shown([UNCLEAR])
    # What was typed is meant, whichever way the browser sent it.
    if action == "continue":
        action = _find_meant(form, wanted, sought)
    if action in _LOOKS:
        return shown(look=action)
    if action == "create":
        return _make_memento(flow, form, choice, wanted, sought)
    problem = choice.find_problem()
    if problem:
        return shown([problem])
    with flow.connection.transaction():
        changes = flow.renew_under_lock() and _find_changes(flow, http_request.form.getlist("memento_ids"))
        is_saved = not changes and save_choice(flow.connection, flow.waiting, user_id=current_user.id, choice=choice)
    if changes:
        return shown(notices=[CHANGED, *changes])
    return redirect(flow.url_for("decide"), 303) if is_saved else flow.tell_answered()


def _find_meant(form: MementoChoiceForm, wanted: Wanted, sought: str) -> str:
    """Returns which button was meant by who pressed Enter, or "Continue" with something typed."""
    if wanted.is_asking:
        return "search"
    if form.new_name.data:
        return "create"
    return "find" if sought != read_words(http_request.form, "asked_sought") else "continue"


def _make_memento(
    flow: Flow, form: MementoChoiceForm, choice: Choice, wanted: Wanted, sought: str
) -> ResponseReturnValue:
    shown = partial(show_picker, flow, form, wanted=wanted, sought=sought)
    ticked = [*http_request.form.getlist("memento_ids"), *wanted.integration_ids]
    changes = _find_changes(flow, ticked)
    if changes:
        return shown(choice, notices=[CHANGED, *changes])
    made_id = _create_memento(form, wanted) if form.validate() else None
    if made_id is None:
        return shown(choice)
    # What was ticked before stays ticked.
    return show_picker(flow, form, choice.including(made_id))


def _create_memento(form: MementoChoiceForm, wanted: Wanted) -> str | None:
    """Make the memento; its id, or None with an error in the form."""
    read_anew(db.session())
    # For this one transaction alone: beside a writing one the driver connection could not write.
    with expect_writes():
        try:
            name, memory_ids = form.new_name.data or "", wanted.memory_ids or ()
            memento_id = make_memento_of(current_user.id, name, memory_ids, wanted.integration_ids).id
        except MementoError as error:
            db.session.rollback()
            form.new_name.errors = [sentence_of(error)]
            return None
        db.session.commit()
    form.new_name.data = ""
    return memento_id


def _find_changes(flow: Flow, ticked: list[str]) -> list[str]:
    read_anew(db.session())
    return find_changes(flow, "picker", read_screen(flow).facts, ticked)
