"""``/account/mementos/``: what I have named; making, changing and copying it."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from app.accounts.lock import lock_person
from app.consents.saved import find_savings
from app.consents.uses import find_all_seeing, find_makers, find_uses
from app.database.access import expect_reads
from app.extensions import db
from app.http.error_answers import keeps_what_was_typed
from app.http.form_problems import Problem
from app.http.incoming import takes_forms_of
from app.memories.editing import (
    MOST_CHANGES,
    Draft,
    PickGone,
    count_draft,
    duplicate_memento,
    save_draft,
)
from app.memories.mementos import (
    MementoError,
    MementoNameInvalid,
    MementoNameTaken,
    TooManyMementos,
    find_memento,
    summarize_memento,
)
from app.memories.models import Memento
from app.memories.tree import list_memories
from app.once import identifier_of_new, new_token
from app.paging import read_page
from app.personal import blueprint
from app.personal.mementos.contents import describe_contents
from app.personal.mementos.editor import LARGEST_FORM, list_rows, read_draft, read_view
from app.sentences import _, sentence_of, translated
from app.text import isolated

#: So many memories, with a line of each, and what is to be done with them are at most three windows.
MEMORIES_A_PAGE = 10
_GONE = _(
    "This memento is not there any more: it was deleted since you opened it. What you see below can be made a new one;"
    " what else it held is to be ticked anew."
)


@blueprint.get("/mementos/<memento_id>/")
def show_memento(memento_id: str) -> ResponseReturnValue:
    """What the memento holds, who looks through it, and the memories that are in it now."""
    memento = get_memento(memento_id)
    page = read_page(request.args.get("page"))
    memories = list_memories(current_user.id, memento.id, page, MEMORIES_A_PAGE)
    return render_template(
        "personal/mementos/memento.html",
        memento=memento,
        summary=summarize_memento(memento),
        contents=describe_contents(memento),
        uses=find_uses(db.session(), current_user.id).get(memento.id, []),
        all_seeing=find_all_seeing(db.session(), current_user.id),
        saving=find_savings(db.session(), current_user.id).get(memento.id),
        maker=find_makers(db.session(), current_user.id).get(memento.id),
        memories=memories[:MEMORIES_A_PAGE],
        page=page,
        has_next=len(memories) > MEMORIES_A_PAGE,
        once=new_token(),
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
    memento = _find_own_making(memento_id)
    if memento is None and memento_id:
        return _show_as_new()
    return _show_editor(memento, request.form.get("name", ""), read_draft(request.form, memento_id))


def _save(memento_id: str | None) -> ResponseReturnValue:
    lock_person(db.session(), current_user.id)
    memento = _find_own_making(memento_id)
    if memento is None and memento_id:
        return _show_as_new()
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


def _show_as_new() -> ResponseReturnValue:
    """Of a memento that is gone, all that the form still knows, to be made anew: its ticks may have taken long."""
    draft = read_draft(request.form, None)
    draft.removed.clear()
    return _show_editor(None, request.form.get("name", ""), draft, Problem(gettext(_GONE)))[0], 404


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


# -- copying -------------------------------------------------------------------------------------


@blueprint.post("/mementos/<memento_id>/duplicate")
def duplicate(memento_id: str) -> ResponseReturnValue:
    """Copy the memento; a second click on the button leads to the same copy."""
    copy_id = identifier_of_new("mem", request.form.get("once"), current_user.id, memento_id)
    try:
        copy = duplicate_memento(get_memento(memento_id), copy_id)
    except PickGone:
        abort(404)
    except TooManyMementos as error:
        db.session.rollback()
        flash(translated(sentence_of(error)), "error")
        return redirect(url_for("personal.show_memento", memento_id=memento_id), 303)
    db.session.commit()
    flash(gettext("“%(name)s” is made. No app looks through it yet.", name=isolated(copy.name)))
    return redirect(url_for("personal.show_memento", memento_id=copy.id), 303)


def get_memento(memento_id: str) -> Memento:
    """Returns the memento of whoever is signed in, or answers 404."""
    return find_memento(current_user.id, memento_id) or abort(404)


def _get_own_making(memento_id: str) -> Memento:
    return _find_own_making(memento_id) or abort(404)


def _find_own_making(memento_id: str | None) -> Memento | None:
    """A memento whose picks are the person's. An app writes in all of its own, so that nothing may be added there: 404."""
    memento = find_memento(current_user.id, memento_id) if memento_id else None
    if memento is not None and memento.id in find_savings(db.session(), current_user.id):
        abort(404)
    return memento
