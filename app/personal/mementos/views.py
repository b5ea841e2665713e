"""``/account/mementos/``: what I have named; making, changing, copying and deleting it."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import current_user
from sqlalchemy import delete, select

from app.accounts.lock import lock_person
from app.consents.changes import note_deleted_memento
from app.consents.events import PERSON
from app.consents.saved import find_savings
from app.consents.undo.recording import forget_changes, forget_source
from app.consents.uses import find_all_seeing, find_makers, find_uses
from app.database.access import expect_reads
from app.database.patience import take_time
from app.database.session_connection import SessionConnection
from app.extensions import db
from app.http.error_answers import keeps_what_was_typed
from app.http.form_problems import Problem
from app.http.incoming import takes_forms_of
from app.memories.editing import (
    MOST_CHANGES,
    Draft,
    PickGone,
    count_draft,
    delete_memento,
    duplicate_memento,
    save_draft,
)
from app.memories.mementos import (
    MementoError,
    MementoNameInvalid,
    MementoNameTaken,
    find_memento,
    is_id,
    summarize_memento,
)
from app.memories.models import Integration, Memento, Memory
from app.memories.tree import list_memories
from app.personal import blueprint
from app.personal.mementos.contents import describe_contents
from app.personal.mementos.editor import LARGEST_FORM, list_rows, read_draft, read_page, read_view
from app.sentences import sentence_of
from app.text import isolated

#: So many memories, with a line of each, and what is to be done with them are at most three windows.
_MEMORIES_A_PAGE = 10


@blueprint.get("/mementos/<memento_id>/")
def show_memento(memento_id: str) -> ResponseReturnValue:
    """What the memento holds, who looks through it, and the memories that are in it now."""
    memento = _get_memento(memento_id)
    page = read_page(request.args.get("page"))
    memories = list_memories(current_user.id, memento.id, page, _MEMORIES_A_PAGE)
    return render_template(
        "personal/mementos/memento.html",
        memento=memento,
        summary=summarize_memento(memento),
        contents=describe_contents(memento),
        uses=find_uses(db.session(), current_user.id).get(memento.id, []),
        all_seeing=find_all_seeing(db.session(), current_user.id),
        saving=find_savings(db.session(), current_user.id).get(memento.id),
        maker=find_makers(db.session(), current_user.id).get(memento.id),
        memories=memories[:_MEMORIES_A_PAGE],
        page=page,
        has_next=len(memories) > _MEMORIES_A_PAGE,
    )


# -- the editor ----------------------------------------------------------------------------------


@blueprint.get("/mementos/new")
def make_memento() -> ResponseReturnValue:
    return _show_editor(None, "", Draft())


@blueprint.post("/mementos/new")
@takes_forms_of(LARGEST_FORM)
@keeps_what_was_typed
def save_new_memento() -> ResponseReturnValue:
    return _edit(None)


@blueprint.get("/mementos/<memento_id>/edit")
def edit_memento(memento_id: str) -> ResponseReturnValue:
    memento = _get_own_making(memento_id)
    return _show_editor(memento, memento.name, Draft(memento.id))


@blueprint.post("/mementos/<memento_id>/edit")
@takes_forms_of(LARGEST_FORM)
@keeps_what_was_typed
def save_memento(memento_id: str) -> ResponseReturnValue:
    return _edit(memento_id)


@blueprint.post("/mementos/count")
@takes_forms_of(LARGEST_FORM)
@expect_reads()
def count_memories() -> ResponseReturnValue:
    """A line on how many memories the draft in the form has, for the page's script."""
    memento_id = request.form.get("memento", "")
    memento = find_memento(current_user.id, memento_id)
    if memento is None and memento_id:
        abort(404)
    draft = read_draft(request.form, memento.id if memento else None)
    sources = count_draft(current_user.id, draft) if len(draft) <= MOST_CHANGES else []
    return render_template("personal/mementos/tally.html", sources=sources, changes=len(draft))


def _edit(memento_id: str | None) -> ResponseReturnValue:
    # Opening, searching and counting must not wait for whoever writes.
    return _save(memento_id) if request.form.get("action") == "save" else _show_again(memento_id)


@expect_reads()
def _show_again(memento_id: str | None) -> ResponseReturnValue:
    memento = _get_own_making(memento_id) if memento_id else None
    return _show_editor(memento, request.form.get("name", ""), read_draft(request.form, memento_id))


def _save(memento_id: str | None) -> ResponseReturnValue:
    memento = _get_own_making(memento_id) if memento_id else None
    name, draft = request.form.get("name", ""), read_draft(request.form, memento_id)
    try:
        saved = save_draft(current_user.id, memento, name, draft)
    except MementoError as error:
        db.session.rollback()
        about = "name" if isinstance(error, MementoNameInvalid | MementoNameTaken) else None
        return _show_editor(memento, name, draft, Problem(sentence_of(error), about))
    db.session.commit()
    flash(gettext("The memento is saved.") if memento else gettext("The memento is made."))
    return redirect(url_for("personal.show_memento", memento_id=saved.id), 303)


def _show_editor(memento: Memento | None, name: str, draft: Draft, problem: Problem | None = None) -> tuple[str, int]:
    view = read_view(request.values, current_user.id)
    rows = list_rows(view, draft)
    shown = {row.pick for group in rows.values() for row in group}
    page = render_template(
        "personal/mementos/edit.html",
        memento=memento,
        name=name,
        draft=draft,
        view=view,
        rows=rows,
        out_of_sight={
            "added": [pick.key for pick in draft.added if pick not in shown],
            "removed": [pick.key for pick in draft.removed if pick not in shown],
        },
        sources=count_draft(current_user.id, draft) if len(draft) <= MOST_CHANGES else [],
        uses=find_uses(db.session(), current_user.id).get(memento.id, []) if memento else [],
        problem=problem,
    )
    return page, 422 if problem else 200


# -- copying, pruning, deleting ------------------------------------------------------------------


@blueprint.post("/mementos/<memento_id>/duplicate")
def duplicate(memento_id: str) -> ResponseReturnValue:
    try:
        copy = duplicate_memento(_get_memento(memento_id))
    except PickGone:
        abort(404)
    db.session.commit()
    flash(gettext("“%(name)s” is made. No app looks through it yet.", name=isolated(copy.name)))
    return redirect(url_for("personal.show_memento", memento_id=copy.id), 303)


@blueprint.post("/mementos/<memento_id>/prune")
def prune(memento_id: str) -> ResponseReturnValue:
    """Delete single memories that an app has saved; asked about once."""
    lock_person(db.session(), current_user.id)
    memento = _get_memento(memento_id)
    saving = find_savings(db.session(), current_user.id).get(memento.id) or abort(404)
    in_it = (
        Memory.user_id == current_user.id,
        Memory.integration_id == saving.integration_id,
        Memory.id.in_([id for id in request.form.getlist("memory_ids")[:_MEMORIES_A_PAGE] if is_id(id)]),
    )
    chosen = db.session.execute(select(Memory.id, Memory.title).where(*in_it)).all()
    if not chosen:
        flash(gettext("Tick the memories that are to be deleted."), "error")
        return redirect(url_for("personal.show_memento", memento_id=memento.id), 303)
    if request.form.get("action") != "delete":
        return render_template("personal/mementos/prune.html", memento=memento, saving=saving, memories=chosen)
    db.session.execute(delete(Memory).where(*in_it))
    forget_changes(db.session(), current_user.id, [row.id for row in chosen])
    db.session.commit()
    flash(ngettext("Deleted.", "%(num)s memories are deleted.", len(chosen)))
    return redirect(url_for("personal.show_memento", memento_id=memento.id), 303)


@blueprint.get("/mementos/<memento_id>/delete")
def ask_to_delete(memento_id: str) -> ResponseReturnValue:
    memento = _get_memento(memento_id)
    return render_template(
        "personal/mementos/delete.html",
        memento=memento,
        summary=summarize_memento(memento),
        uses=find_uses(db.session(), current_user.id).get(memento.id, []),
        all_seeing=find_all_seeing(db.session(), current_user.id),
        saving=find_savings(db.session(), current_user.id).get(memento.id),
    )


@blueprint.post("/mementos/<memento_id>/delete")
def delete_for_good(memento_id: str) -> ResponseReturnValue:
    # No consent begins to name it from here on, so that each that does is told of its end.
    lock_person(db.session(), current_user.id)
    memento = _get_memento(memento_id)
    name, saving = memento.name, find_savings(db.session(), current_user.id).get(memento.id)
    note_deleted_memento(SessionConnection(db.session()), memento.id, actor=PERSON)
    take_time()
    delete_memento(db.session(), memento)
    if saving and request.form.get("memories") == "too":
        db.session.execute(
            delete(Integration).where(Integration.id == saving.integration_id, Integration.user_id == current_user.id)
        )
        forget_source(db.session(), current_user.id, saving.integration_id)
    db.session.commit()
    flash(gettext("“%(name)s” is deleted.", name=isolated(name)))
    return redirect(url_for("personal.mementos"), 303)


def _get_memento(memento_id: str) -> Memento:
    return find_memento(current_user.id, memento_id) or abort(404)


def _get_own_making(memento_id: str) -> Memento:
    """A memento whose picks are the person's: an app writes in all of its own, so that nothing may be added there."""
    memento = _get_memento(memento_id)
    if memento.id in find_savings(db.session(), current_user.id):
        abort(404)
    return memento
