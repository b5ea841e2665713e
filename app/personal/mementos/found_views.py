"""``/account/mementos/found``: a memento out of a search, of the memories found now, each by its id."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from app.credentials import is_id
from app.extensions import db
from app.http.error_answers import keeps_what_was_typed
from app.http.form_problems import Problem
from app.memories.found import MOST_FOUND, find_for_memento, make_memento_of
from app.memories.mementos import MementoError, MementoNameInvalid, MementoNameTaken
from app.personal import blueprint
from app.personal.memories.listing import read_narrowed
from app.sentences import sentence_of


@blueprint.get("/mementos/found")
def found_memories() -> ResponseReturnValue:
    """All that a search and its filters find now, ticked; the same address as that of the list of memories."""
    return _show()


@blueprint.post("/mementos/found")
@keeps_what_was_typed
def make_found_memento() -> ResponseReturnValue:
    """Make a memento of what is ticked."""
    name = request.form.get("name", "")
    memory_ids = [id for id in request.form.getlist("memory_ids")[:MOST_FOUND] if is_id(id)]
    try:
        memento = make_memento_of(current_user.id, name, memory_ids)
    except MementoError as error:
        db.session.rollback()
        about = "name" if isinstance(error, MementoNameInvalid | MementoNameTaken) else None
        return _show(name, set(memory_ids), Problem(sentence_of(error), about))
    db.session.commit()
    flash(gettext("The memento is made."))
    return redirect(url_for("personal.show_memento", memento_id=memento.id), 303)


def _show(name: str = "", ticked: set[str] | None = None, problem: Problem | None = None) -> tuple[str, int]:
    narrowed, sources = read_narrowed(request.args, current_user.id)
    page = render_template(
        "personal/mementos/found.html",
        narrowed=narrowed,
        has_memories=any(source.count for source in sources),
        found=find_for_memento(db.session(), current_user.id, narrowed.words, narrowed.filters),
        name=name or narrowed.words.capitalize(),
        ticked=ticked,
        problem=problem,
    )
    return page, 422 if problem else 200
