"""``/account/apps/<grant_id>/mementos``: changing what an app looks through, seen before it is applied."""

from collections.abc import Sequence

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from app.consents import changes
from app.consents.choice import Choice, find_choice, read_choice
from app.consents.maker import Wanted, prepare_maker, read_wanted, read_words
from app.consents.memory_setting import parse_setting
from app.consents.picker import fields_of, prepare_picker, read_offer, sum_up
from app.credentials import digest, is_id
from app.database.access import expect_reads
from app.database.session_connection import SessionConnection
from app.extensions import db
from app.http.error_answers import keeps_what_was_typed
from app.http.sure import HAS_CHANGED
from app.memories.found import make_memento_of
from app.memories.keeping_back import shared_only
from app.memories.mementos import MementoError, list_integrations, owned_memento_ids
from app.oauth.endpoints.decision.forms import MementoChoiceForm
from app.personal import blueprint
from app.personal.apps.choice import Difference, compare
from app.personal.apps.connections import Connection, find_connection
from app.sentences import sentence_of, translated
from app.text import isolated

_NOTHING_WANTED = Wanted()


@blueprint.get("/apps/<grant_id>/mementos")
def choose_mementos(grant_id: str) -> ResponseReturnValue:
    connection = _get_connection(grant_id)
    choice = find_choice(db.session(), connection.consent)
    return _show_picker(connection, MementoChoiceForm(formdata=None), choice, is_present=True)


@blueprint.post("/apps/<grant_id>/mementos")
@keeps_what_was_typed
def review_mementos(grant_id: str) -> ResponseReturnValue:
    """What the new choice would change, to be read before it is applied. Nothing is written but a memento made here."""
    action = request.form.get("action")
    form, wanted = MementoChoiceForm(formdata=request.form), read_wanted(request.form)
    sought = read_words(request.form, "sought")
    if action == "continue":
        # What was typed is meant, whichever way the browser sent it.
        if wanted.is_asking:
            action = "search"
        elif form.new_name.data:
            action = "create"
        elif sought != read_words(request.form, "asked_sought"):
            action = "find"
    if action == "create":
        return _make_memento(grant_id, form, wanted, sought)
    return _review(grant_id, action, form, wanted, sought)


@blueprint.post("/apps/<grant_id>/mementos/apply")
@keeps_what_was_typed
def apply_mementos(grant_id: str) -> ResponseReturnValue:
    connection = _get_connection(grant_id)
    choice = _read_choice(connection)
    problem = choice.find_problem()
    if problem:
        return _show_picker(connection, MementoChoiceForm(formdata=None), choice, [problem])
    if request.form.get("seen") != _seal(connection, choice, compare(connection.consent, choice)):
        # Another tab has changed it, or a memento is gone or renamed: what was read is not what would happen.
        flash(translated(HAS_CHANGED), "error")
        return _show_difference(connection, choice)
    if not changes.change_choice(SessionConnection(db.session()), current_user.id, grant_id, choice):
        abort(404)
    db.session.commit()
    flash(
        gettext(
            "Changed. %(app_name)s sees what you have chosen from its next call on.",
            app_name=isolated(connection.app_name),
        )
    )
    return _to_app(grant_id)


@blueprint.post("/mementos/preview")
@expect_reads()
def preview_choice() -> ResponseReturnValue:
    """What the choice in a picker comes to, for the page's script; 404 when not all that is ticked is the person's."""
    asked = set(request.form.getlist("memento_ids"))
    if len(owned_memento_ids(current_user.id, asked)) != len(asked):
        abort(404)
    selection = request.form.get("selection")
    choice = Choice("selected" if selection is None and asked else selection, dict.fromkeys(asked, False))
    # What the app may see of what apps added, as the page that asks says it: it changes only what this person is told.
    setting, saved = parse_setting(request.args.get("setting")), request.args.get("saved", "")
    saved_id = saved if is_id(saved) else None
    limits = shared_only(db.session(), current_user.id)
    return render_template(
        "shared/summed.html", summed=sum_up(db.session(), current_user.id, choice, limits, setting, saved_id)
    )


@expect_reads()
def _review(
    grant_id: str, action: str | None, form: MementoChoiceForm, wanted: Wanted, sought: str
) -> ResponseReturnValue:
    connection = _get_connection(grant_id)
    choice = _read_choice(connection)
    problem = choice.find_problem() if action not in ("back", "search", "find", "preview") else None
    if action in ("search", "find", "preview", "back") or problem:
        return _show_picker(
            connection,
            form,
            choice,
            [problem] if problem else [],
            wanted=wanted,
            sought=sought,
            look=action,
        )
    return _show_difference(connection, choice)


def _make_memento(grant_id: str, form: MementoChoiceForm, wanted: Wanted, sought: str) -> ResponseReturnValue:
    connection = _get_connection(grant_id)
    choice = _read_choice(connection)
    if form.validate():
        try:
            name, memory_ids = form.new_name.data or "", wanted.memory_ids or ()
            made_id = make_memento_of(current_user.id, name, memory_ids, wanted.integration_ids).id
        except MementoError as error:
            db.session.rollback()
            form.new_name.errors = [sentence_of(error)]
        else:
            # What was ticked before stays ticked.
            page = _show_picker(connection, MementoChoiceForm(formdata=None), choice.including(made_id))
            db.session.commit()
            return page
    return _show_picker(connection, form, choice, wanted=wanted, sought=sought)


def _read_choice(connection: Connection) -> Choice:
    return read_choice(
        db.session(),
        request.form,
        user_id=current_user.id,
        client_key=connection.consent.client_key,
        installation=connection.consent.installation,
        may_write=connection.may_write,
    )


def _show_picker(
    connection: Connection,
    form: MementoChoiceForm,
    choice: Choice,
    problems: Sequence[str] = (),
    *,
    wanted: Wanted = _NOTHING_WANTED,
    sought: str = "",
    look: str | None = None,
    is_present: bool = False,
) -> ResponseReturnValue:
    session, user_id, consent = db.session(), current_user.id, connection.consent
    offer = read_offer(session, user_id, consent.client_key, consent.installation)
    integrations, may_write = list_integrations(user_id), connection.may_write
    picker = prepare_picker(session, offer, choice, integrations, user_id=user_id, may_write=may_write, sought=sought)
    page = render_template(
        "personal/apps/choose.html",
        connection=connection,
        form=form,
        errors=problems,
        **fields_of(picker),
        maker=prepare_maker(session, user_id, integrations, wanted, search=look == "search"),
        until=consent.expires_at,
        look=look,
        is_present=is_present,
    )
    return page, 422 if problems or form.errors else 200


def _show_difference(connection: Connection, choice: Choice) -> ResponseReturnValue:
    present = find_choice(db.session(), connection.consent)
    if present.fingerprint == choice.fingerprint:
        flash(gettext("Nothing was changed: that is what it sees already."))
        return _to_app(connection.grant_id)
    difference = compare(connection.consent, choice)
    return render_template(
        "personal/apps/difference.html",
        connection=connection,
        choice=choice,
        difference=difference,
        seen=_seal(connection, choice, difference),
    )


def _seal(connection: Connection, choice: Choice, difference: Difference) -> str:
    """What the page tells, so that only that is applied."""
    before = find_choice(db.session(), connection.consent).fingerprint
    told = [before, choice.fingerprint, difference.fingerprint, connection.app_name]
    return digest("\n".join(told))


def _get_connection(grant_id: str) -> Connection:
    return find_connection(current_user.id, grant_id) or abort(404)


def _to_app(grant_id: str) -> ResponseReturnValue:
    return redirect(url_for("personal.show_app", grant_id=grant_id), 303)
