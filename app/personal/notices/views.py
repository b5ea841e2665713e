"""``/account/settings/notices/``: the notices of the last months, those that are put away, and what one is told of."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from app.accounts.models import User
from app.accounts.notices.seeing import find_notice, see_all, see_notice
from app.accounts.notices.told import count_unseen, list_notices
from app.audit.events import record
from app.credentials import is_id
from app.extensions import db
from app.mail import mail_goes_out
from app.paging import name_page, read_page
from app.personal import blueprint
from app.personal.notices.choices import WAYS, list_choices, save_choices
from app.personal.sessions.places import end_place

_PAGE_SIZE = 4


@blueprint.route("/settings/notices/", methods=["GET", "POST"])
def notices() -> ResponseReturnValue:
    """Show them; the form that is sent back is what one wants to be told."""
    if request.method == "POST":
        save_choices(db.session(), current_user.id, request.form)
        record("user.notices_chosen", actor_user_id=current_user.id)
        db.session.commit()
        flash(gettext("Saved."))
        return redirect(url_for("personal.notices"), 303)
    page = read_page(request.args.get("page"))
    found = list_notices(db.session(), current_user.id, page=page, size=_PAGE_SIZE)
    return render_template(
        "personal/notices/list.html",
        notices=found[:_PAGE_SIZE],
        has_next=len(found) > _PAGE_SIZE,
        page=page,
        unseen=count_unseen(db.session(), current_user.id),
        choices=list_choices(db.session(), current_user.id),
        ways=WAYS,
        mail_goes_out=mail_goes_out(),
        is_confirmed=db.session.get_one(User, current_user.id).email_verified_at is not None,
        email=current_user.email,
    )


@blueprint.post("/settings/notices/seen")
def see_all_notices() -> ResponseReturnValue:
    """Put all away that were there when the page was made."""
    last = request.form.get("last", "")
    if not is_id(last) or not see_all(db.session(), current_user.id, last):
        abort(404)
    db.session.commit()
    return redirect(url_for("personal.notices"), 303)


@blueprint.post("/settings/notices/<notice_id>/seen")
def see_one_notice(notice_id: str) -> ResponseReturnValue:
    """Put one away: it is not on the first page any more."""
    if not is_id(notice_id) or not see_notice(db.session(), current_user.id, notice_id):
        abort(404)
    db.session.commit()
    if request.form.get("from") == "overview":
        return redirect(url_for("personal.overview"), 303)
    return redirect(url_for("personal.notices", page=name_page(request.args.get("page")), _anchor=notice_id), 303)


@blueprint.post("/settings/notices/<notice_id>/not-me")
def was_not_me(notice_id: str) -> ResponseReturnValue:
    """End the session that the notice is about, if it goes on, and say what to do next."""
    found = find_notice(db.session(), current_user.id, notice_id) if is_id(notice_id) else None
    if found is None or found.session_id is None:
        abort(404)
    if found.session_id == current_user.session_id:
        flash(gettext("This is the browser that you are using right now, so nothing was ended."))
        return redirect(url_for("personal.sessions"), 303)
    end_place(current_user.id, found.session_id)
    see_notice(db.session(), current_user.id, notice_id)
    record("user.disowned_session", actor_user_id=current_user.id)
    db.session.commit()
    return redirect(url_for("personal.after_not_me", since=found.at.isoformat()), 303)
