"""``/account/never-shared/``: what no app ever sees, whatever I choose for it; naming more of it, and taking it back."""

import re

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from app.extensions import db
from app.http.form_problems import Problem
from app.memories.keeping_back import (
    CannotKeepBack,
    NothingToKeepBack,
    count_kept_back,
    count_rules,
    keep_back,
    list_rules,
    shared_only,
    stop_keeping_back,
)
from app.memories.own import list_tags
from app.memories.picks import Pick, parse_pick
from app.paging import read_page
from app.personal import blueprint
from app.personal.never_shared.choosing import read_level
from app.sentences import sentence_of

#: How many things a page names.
_PAGE_SIZE = 20
# So many tags are offered while one is typed.
_MOST_TAGS = 100
# What both databases can keep as an id.
_NUMBER = re.compile(r"[0-9]{1,9}")


@blueprint.get("/never-shared/")
def never_shared() -> ResponseReturnValue:
    return _show_list()


@blueprint.get("/never-shared/choose")
def choose_never_shared() -> ResponseReturnValue:
    """A level of the person's memories, each thing with a button that keeps it back."""
    return render_template(
        "personal/never_shared/choose.html",
        level=read_level(current_user.id, request.args.get("open", ""), read_page(request.args.get("page"))),
    )


@blueprint.post("/never-shared/")
def never_share() -> ResponseReturnValue:
    """Keep a memory, a folder or a source back, as ``thing``, or else a ``tag``."""
    key, tag = request.form.get("thing"), request.form.get("tag", "")
    pick = None if key is None else parse_pick(key) or abort(404)
    try:
        keep_back(db.session(), current_user.id, tag if pick is None else pick)
    except NothingToKeepBack:
        abort(404)
    except CannotKeepBack as error:
        db.session.rollback()
        return _show_list(Problem(sentence_of(error), "tag" if pick is None else None), tag)
    db.session.commit()
    flash(gettext("From now on no app sees that, whatever you have chosen for it."))
    return redirect(_find_way_back(pick), 303)


@blueprint.post("/never-shared/<rule_id>/end")
def share_again(rule_id: str) -> ResponseReturnValue:
    """Let apps see it again that look through a memento with it, or through everything."""
    if not _NUMBER.fullmatch(rule_id) or not stop_keeping_back(db.session(), current_user.id, int(rule_id)):
        abort(404)
    db.session.commit()
    flash(gettext("Apps can see that again, if you chose a memento for them that holds it, or everything."))
    pick = parse_pick(request.form.get("thing", ""))
    return redirect(_find_way_back(pick if pick is not None and pick.memory_id else None), 303)


def _show_list(problem: Problem | None = None, tag: str = "") -> ResponseReturnValue:
    page = read_page(request.args.get("page"))
    rules = list_rules(db.session(), current_user.id, page, _PAGE_SIZE)
    shown = render_template(
        "personal/never_shared/list.html",
        rules=rules,
        page=page,
        has_next=count_rules(db.session(), current_user.id) > page * _PAGE_SIZE,
        total=count_kept_back(db.session(), current_user.id, shared_only(db.session(), current_user.id)),
        tags=list_tags(db.session(), current_user.id, _MOST_TAGS),
        tag=tag,
        problem=problem,
    )
    return shown, 422 if problem else 200


def _find_way_back(pick: Pick | None) -> str:
    """Returns where the button stood that was pressed."""
    if pick is None:
        return url_for("personal.never_shared")
    if pick.memory_id is not None:
        return url_for("personal.show_memory", memory_id=pick.memory_id)
    above = next(iter(pick.containers()), None)
    return url_for("personal.choose_never_shared", open=None if above is None else above.key)
