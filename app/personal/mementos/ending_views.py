"""The end of a memento, and of single memories that an app has saved; each asked about once."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import current_user
from sqlalchemy import select

from app.accounts.lock import lock_person
from app.consents.changes import note_deleted_memento
from app.consents.events import PERSON
from app.consents.saved import find_savings
from app.consents.undo.recording import forget_changes, forget_source
from app.consents.uses import find_all_seeing, find_uses
from app.credentials import is_id
from app.database.patience import take_time
from app.database.session_connection import SessionConnection
from app.extensions import db
from app.memories.editing import delete_memento
from app.memories.mementos import summarize_memento
from app.memories.models import Memory
from app.memories.records import delete_integrations
from app.memories.totals import delete_memories
from app.personal import blueprint
from app.personal.mementos.views import MEMORIES_A_PAGE, get_memento
from app.text import isolated


@blueprint.post("/mementos/<memento_id>/prune")
def prune(memento_id: str) -> ResponseReturnValue:
    """Delete single memories that an app has saved; asked about once."""
    lock_person(db.session(), current_user.id)
    memento = get_memento(memento_id)
    saving = find_savings(db.session(), current_user.id).get(memento.id) or abort(404)
    in_it = (
        Memory.user_id == current_user.id,
        Memory.integration_id == saving.integration_id,
        Memory.id.in_([id for id in request.form.getlist("memory_ids")[:MEMORIES_A_PAGE] if is_id(id)]),
    )
    chosen = db.session.execute(select(Memory.id, Memory.title).where(*in_it)).all()
    if not chosen:
        flash(gettext("Tick the memories that are to be deleted."), "error")
        return redirect(url_for("personal.show_memento", memento_id=memento.id), 303)
    if request.form.get("action") != "delete":
        return render_template("personal/mementos/prune.html", memento=memento, saving=saving, memories=chosen)
    delete_memories(db.session(), *in_it)
    forget_changes(db.session(), current_user.id, [row.id for row in chosen])
    db.session.commit()
    flash(ngettext("Deleted.", "%(num)s memories are deleted.", len(chosen)))
    return redirect(url_for("personal.show_memento", memento_id=memento.id), 303)


@blueprint.get("/mementos/<memento_id>/delete")
def ask_to_delete(memento_id: str) -> ResponseReturnValue:
    memento = get_memento(memento_id)
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
    memento = get_memento(memento_id)
    name, saving = memento.name, find_savings(db.session(), current_user.id).get(memento.id)
    note_deleted_memento(SessionConnection(db.session()), memento.id, actor=PERSON)
    take_time()
    delete_memento(db.session(), memento)
    if saving and request.form.get("memories") == "too":
        delete_integrations(db.session(), [saving.integration_id])
        forget_source(db.session(), current_user.id, saving.integration_id)
    db.session.commit()
    flash(gettext("“%(name)s” is deleted.", name=isolated(name)))
    return redirect(url_for("personal.mementos"), 303)
