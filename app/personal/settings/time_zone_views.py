"""``/account/settings/time-zone/``: in which time zone a person reads dates."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from app import clock
from app.accounts.models import User
from app.audit.events import record
from app.extensions import db
from app.personal import blueprint
from app.personal.settings.time_zones import find_choices, is_time_zone
from app.sentences import _

_LONGEST_QUESTION = 100


@blueprint.get("/settings/time-zone/")
def time_zone() -> ResponseReturnValue:
    """Show the one that is chosen, and those that a search finds."""
    return _page()


@blueprint.post("/settings/time-zone/")
def choose_time_zone() -> ResponseReturnValue:
    """Choose one, or with an empty name none."""
    name = request.form.get("time_zone", "")
    if name and not is_time_zone(name):
        return _page(_("There is no such time zone. Search for a city near you."), 400)
    if name != (current_user.time_zone or ""):
        db.session.get_one(User, current_user.id).time_zone = name or None
        record("user.time_zone_changed", actor_user_id=current_user.id)
        db.session.commit()
    flash(
        gettext("Saved. Dates are in the time zone %(zone)s from now on.", zone=name)
        if name
        else gettext("Saved. Your account names no time zone any more.")
    )
    return redirect(url_for("personal.settings"), 303)


def _page(problem: str | None = None, status: int = 200) -> tuple[str, int]:
    question = request.args.get("q", "")[:_LONGEST_QUESTION]
    found, count = find_choices(question)
    return render_template(
        "personal/settings/time_zone.html",
        account=current_user,
        question=question,
        found=found,
        count=count,
        now=clock.now(),
        problem=problem,
    ), status
