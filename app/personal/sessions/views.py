"""``/account/sessions/``: where I am signed in; ending one, or all others; and what to do after a stranger's."""

from datetime import UTC, datetime

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from app import clock
from app.accounts.places.known import MOST_NAME_LENGTH, name_place
from app.accounts.sessions import end_sessions
from app.audit.events import record
from app.credentials import is_id
from app.extensions import db
from app.paging import count_pages, name_page, read_page
from app.personal import blueprint
from app.personal.apps.connections import list_live
from app.personal.sessions.places import end_place, find_begin, list_places

_PAGE_SIZE = 4


@blueprint.get("/sessions/")
def sessions() -> ResponseReturnValue:
    places = list_places(current_user.id, current_user.session_id, request.remote_addr or "")
    # The last one of a page may just have been ended.
    page = min(read_page(request.args.get("page")), count_pages(len(places), _PAGE_SIZE))
    first, end = (page - 1) * _PAGE_SIZE, page * _PAGE_SIZE
    return render_template(
        "personal/sessions/list.html",
        places=places[first:end],
        page=page,
        has_next=len(places) > end,
        count=len(places),
        most_length=MOST_NAME_LENGTH,
    )


@blueprint.post("/sessions/<session_id>/end")
def end_session(session_id: str) -> ResponseReturnValue:
    if not is_id(session_id) or not end_place(current_user.id, session_id):
        abort(404)
    db.session.commit()
    flash(gettext("That place is signed out."))
    return redirect(url_for("personal.sessions", page=name_page(request.args.get("page"))), 303)


@blueprint.post("/sessions/end-others")
def end_other_sessions() -> ResponseReturnValue:
    ended = end_sessions(db.session(), current_user.id, but=current_user.session_id)
    db.session.commit()
    flash(
        gettext("You were signed in nowhere else.") if not ended else gettext("You are signed out everywhere but here.")
    )
    return redirect(url_for("personal.sessions"), 303)


@blueprint.post("/sessions/<session_id>/not-me")
def end_session_of_stranger(session_id: str) -> ResponseReturnValue:
    """End it, and say what to do next: whoever it was knew the password, or had another proof."""
    began = find_begin(current_user.id, session_id) if is_id(session_id) else None
    if began is None or not end_place(current_user.id, session_id):
        abort(404)
    record("user.disowned_session", actor_user_id=current_user.id)
    db.session.commit()
    return redirect(url_for("personal.after_not_me", since=began.isoformat()), 303)


@blueprint.get("/sessions/not-me")
def after_not_me() -> ResponseReturnValue:
    """What to do after a session of a stranger's: the password, the other sessions, and the apps connected since."""
    since = _read_since(request.args.get("since", ""))
    apps = [consent for consent in list_live(current_user.id) if since is None or consent.issued_at >= since]
    others = [place for place in list_places(current_user.id, current_user.session_id) if not place.is_this]
    return render_template("personal/sessions/not_me.html", since=since, apps=apps, others=len(others))


@blueprint.post("/sessions/places/<place_id>/name")
def name_session_place(place_id: str) -> ResponseReturnValue:
    """Give the place a name of one's own, or take it away."""
    is_named = (
        name_place(db.session(), current_user.id, place_id, request.form.get("name", "")) if is_id(place_id) else None
    )
    if is_named is None:
        abort(404)
    db.session.commit()
    if not is_named:
        flash(gettext("That cannot be the name of a place. Nothing was changed."))
    return redirect(url_for("personal.sessions", page=name_page(request.args.get("page"))), 303)


def _read_since(text: str) -> datetime | None:
    try:
        since = datetime.fromisoformat(text)
    except ValueError:
        return None
    # It is compared with instants of ours, and shown.
    return since if since.tzinfo is UTC and since <= clock.now() else None
