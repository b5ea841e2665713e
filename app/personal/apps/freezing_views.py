"""``/account/apps/pause-all``: one button that pauses every app at once, and the question before it."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import current_user

from app.consents.standing.freezing import freeze
from app.database.session_connection import SessionConnection
from app.extensions import db
from app.personal import blueprint
from app.personal.apps.connections import list_live


@blueprint.get("/apps/pause-all")
def ask_to_pause_all() -> ResponseReturnValue:
    """Which apps it is about. Those that are paused already stay so."""
    consents = list_live(current_user.id)
    return render_template(
        "personal/apps/pause_all.html",
        going_on=[consent for consent in consents if consent.paused_at is None],
        paused_count=sum(consent.paused_at is not None for consent in consents),
    )


@blueprint.post("/apps/pause-all")
def pause_all() -> ResponseReturnValue:
    """Pause them in one transaction; from their next call on they reach nothing."""
    count = freeze(SessionConnection(db.session()), current_user.id)
    db.session.commit()
    if count:
        flash(
            ngettext(
                "Your app is paused. It reaches nothing until you resume it.",
                "All %(num)s apps are paused. Each reaches nothing until you resume it.",
                count,
            )
        )
    else:
        flash(gettext("No app was left to pause."))
    return redirect(url_for("personal.apps"), 303)
