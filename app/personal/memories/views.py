"""``/account/memories/``: all that I keep, found and read; writing a note, changing and deleting a memory."""

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from app.accounts.lock import lock_person
from app.consents.saved import find_savings
from app.consents.undo.recording import forget_changes
from app.consents.uses import find_all_seeing, find_uses
from app.credentials import is_id
from app.extensions import db
from app.http.error_answers import keeps_what_was_typed
from app.http.form_problems import Problem
from app.http.incoming import takes_forms_of
from app.memories.keeping_back import find_rules_over
from app.memories.models import Memory
from app.memories.own import TEXT_LENGTH, add_note, find_own_memory, list_mementos_with, list_tags
from app.memories.records import change_memory, delete_memory
from app.memories.totals import AccountFull
from app.personal import blueprint
from app.personal.memories.forms import MemoryForm, read_folder, read_tags, write_tags
from app.personal.memories.listing import list_page, offer_folders, read_narrowed
from app.sentences import _, sentence_of
from app.text import isolated

#: So many tags are offered while one is typed.
_MOST_TAGS = 100
_GONE = _(
    "This memory is not there any more: it was deleted since you opened it, perhaps by an app. What you wrote stands"
    " below, and can be kept as a new note."
)
#: How many bytes a form may have: each letter of the text may take four bytes, each of these three signs.
LARGEST_FORM = 12 * TEXT_LENGTH + 64 * 1024


@blueprint.get("/memories/")
def memories() -> ResponseReturnValue:
    """A page of the memories, the newest first; or what a search finds, the best first."""
    narrowed, sources = read_narrowed(request.args, current_user.id)
    return render_template(
        "personal/memories/list.html",
        narrowed=narrowed,
        sources=sources,
        count=sum(source.count for source in sources),
        folders=offer_folders(current_user.id, narrowed),
        tags=list_tags(db.session(), current_user.id, _MOST_TAGS),
        listing=list_page(current_user.id, narrowed, request.args.get("after")),
    )


@blueprint.get("/memories/<memory_id>/")
def show_memory(memory_id: str) -> ResponseReturnValue:
    """The memory as a whole, the mementos that hold it, and the apps that see it."""
    memory = _get_memory(memory_id)
    rules = find_rules_over(db.session(), current_user.id, memory)
    return render_template("personal/memories/memory.html", memory=memory, rules=rules, **_find_seers(memory))


# -- writing --------------------------------------------------------------------------------------


@blueprint.get("/memories/new")
def write_note() -> ResponseReturnValue:
    return _show_form(MemoryForm(formdata=None), None)


@blueprint.post("/memories/new")
@takes_forms_of(LARGEST_FORM)
@keeps_what_was_typed
def save_note() -> ResponseReturnValue:
    """Keep a new note."""
    form = MemoryForm(formdata=request.form)
    if not form.validate():
        return _show_form(form, None)
    memory_id = form.read_id(current_user.id)
    lock_person(db.session(), current_user.id)
    # A second click on the button sends the same once more.
    if find_own_memory(db.session(), current_user.id, memory_id) is None:
        try:
            add_note(db.session(), current_user.id, {"id": memory_id} | _fields(form))
        except AccountFull as error:
            db.session.rollback()
            return _show_form(form, None, problem=Problem(sentence_of(error)))[0], 422
        db.session.commit()
    flash(gettext("The note is kept."))
    return redirect(url_for("personal.show_memory", memory_id=memory_id), 303)


@blueprint.get("/memories/<memory_id>/edit")
def edit_memory(memory_id: str) -> ResponseReturnValue:
    memory = _get_memory(memory_id)
    return _show_form(_form_of(memory), memory)


@blueprint.post("/memories/<memory_id>/edit")
@takes_forms_of(LARGEST_FORM)
@keeps_what_was_typed
def save_memory(memory_id: str) -> ResponseReturnValue:
    """Keep what the person has changed, unless somebody else changed the memory since they began: that is told first."""
    lock_person(db.session(), current_user.id)
    form = MemoryForm(formdata=request.form)
    memory = find_own_memory(db.session(), current_user.id, memory_id, changes=True) if is_id(memory_id) else None
    if memory is None:
        # Whoever it was that deleted it: what was typed may be long, and its page is gone.
        return _show_form(form, None, problem=Problem(gettext(_GONE)))[0], 404
    if not form.validate():
        return _show_form(form, memory)
    if form.seen.data and form.seen.data != _version_of(memory):
        form.seen.data = _version_of(memory)
        return _show_form(form, memory, is_changed=True)
    changes = _changes(form, memory)
    if changes:
        try:
            change_memory(db.session(), memory, changes)
        except AccountFull as error:
            db.session.rollback()
            problem = Problem(sentence_of(error))
            return _show_form(form, _get_memory(memory_id), problem=problem)[0], 422
        db.session.commit()
    flash(gettext("Saved."))
    return redirect(url_for("personal.show_memory", memory_id=memory_id), 303)


@blueprint.get("/memories/<memory_id>/delete")
def ask_to_delete_memory(memory_id: str) -> ResponseReturnValue:
    memory = _get_memory(memory_id)
    return render_template("personal/memories/delete.html", memory=memory, **_find_seers(memory))


@blueprint.post("/memories/<memory_id>/delete")
def delete_memory_for_good(memory_id: str) -> ResponseReturnValue:
    """End the memory for the person and for every app."""
    lock_person(db.session(), current_user.id)
    memory = _get_memory(memory_id, changes=True)
    title = memory.title
    delete_memory(db.session(), memory)
    forget_changes(db.session(), current_user.id, [memory_id])
    db.session.commit()
    flash(gettext("“%(name)s” is deleted.", name=isolated(title)))
    return redirect(url_for("personal.memories"), 303)


def _show_form(
    form: MemoryForm, memory: Memory | None, *, is_changed: bool = False, problem: Problem | None = None
) -> tuple[str, int]:
    if is_changed:
        problem = Problem(
            gettext(
                "Somebody changed this memory since you opened it, perhaps an app. What it says now stands below;"
                " if you save again, yours takes its place."
            )
        )
    page = render_template(
        "personal/memories/edit.html", form=form, memory=memory, is_changed=is_changed, problem=problem
    )
    return page, 409 if is_changed else 422 if form.errors else 200


def _fields(form: MemoryForm) -> dict[str, Any]:
    return {
        "title": form.read_title(),
        "text": form.text.data,
        "tags": sorted(read_tags(form.tags.data)),
        "folder": read_folder(form.folder.data),
    }


def _form_of(memory: Memory) -> MemoryForm:
    shown = {"title": memory.title, "text": memory.text, "folder": memory.folder, "seen": _version_of(memory)}
    return MemoryForm(formdata=None, data=shown | {"tags": write_tags(sorted(tag.tag for tag in memory.tags))})


def _changes(form: MemoryForm, memory: Memory) -> dict[str, Any]:
    """What the person has changed. What they have not touched stays as its source wrote it, however that is."""
    before = _form_of(memory)
    return {name: value for name, value in _fields(form).items() if form[name].data != before[name].data}


def _version_of(memory: Memory) -> str:
    return memory.updated_at.isoformat()


def _get_memory(memory_id: str, *, changes: bool = False) -> Memory:
    """Returns the memory of whoever is signed in, or answers 404."""
    if not is_id(memory_id):
        abort(404)
    return find_own_memory(db.session(), current_user.id, memory_id, changes=changes) or abort(404)


def _find_seers(memory: Memory) -> dict[str, object]:
    """Returns, for a template, the ``mementos`` that hold the memory, and the ``uses`` by which apps see it."""
    mementos = list_mementos_with(db.session(), memory)
    uses, savings = find_uses(db.session(), current_user.id), find_savings(db.session(), current_user.id)
    seeing = [use for id, _ in mementos for use in uses.get(id, ())]
    return {
        "mementos": mementos,
        # An app that looks through several of the mementos is named once.
        "uses": list({use.grant_id: use for use in seeing}.values()),
        "all_seeing": find_all_seeing(db.session(), current_user.id),
        "saved_by": [savings[id] for id, _ in mementos if id in savings],
    }
