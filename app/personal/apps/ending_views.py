"""Ending a connection, and the question before it: what becomes of what the app has added?"""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import current_user

from app.accounts.lock import lock_person
from app.consents import changes
from app.consents.models import Consent
from app.consents.standing.added import delete_added, find_added
from app.consents.uses import find_uses
from app.database.session_connection import SessionConnection
from app.extensions import db
from app.personal import blueprint
from app.personal.apps.connections import find_consent
from app.text import isolated

#: What becomes of what the app has added.
_ANSWERS = (_KEEP, _DELETE) = ("keep", "delete")
#: Who came from there goes back there.
_LOOK_BACK = "look-back"


@blueprint.get("/apps/<grant_id>/disconnect")
def ask_to_end(grant_id: str) -> ResponseReturnValue:
    return _ask(_get_live(grant_id))


@blueprint.post("/apps/<grant_id>/disconnect")
def end(grant_id: str) -> ResponseReturnValue:
    """End a consent, with what hangs on it: its codes and tokens die at once. Its page and what it did stay."""
    # What it adds meanwhile is either counted below, or refused afterwards.
    lock_person(db.session(), current_user.id)
    consent = _get_live(grant_id)
    added, answer = find_added(db.session(), consent), request.form.get("memories")
    if answer not in _ANSWERS:
        return _ask(consent)
    if added is not None and answer == _DELETE and request.form.get("count") != str(added.count):
        # It cannot be undone, so it is only done to what was read.
        return _ask(consent, is_changed=True)
    name, count = consent.called, 0
    if not changes.end(SessionConnection(db.session()), current_user.id, grant_id):
        abort(404)
    if added is not None and answer == _DELETE:
        count = added.count
        delete_added(db.session(), added)
    db.session.commit()
    flash(gettext("%(name)s is ended. It can no longer reach anything of yours.", name=isolated(name)))
    if count:
        flash(ngettext("The memory it added is deleted.", "The %(num)s memories it added are deleted.", count))
    if request.args.get("from") == _LOOK_BACK:
        return redirect(url_for("personal.look_back"), 303)
    return redirect(url_for("personal.apps"), 303)


def _ask(consent: Consent, *, is_changed: bool = False) -> ResponseReturnValue:
    added = find_added(db.session(), consent)
    uses = [] if added is None else find_uses(db.session(), current_user.id).get(added.memento.id, [])
    page = render_template(
        "personal/apps/end.html",
        consent=consent,
        added=added,
        uses=[use for use in uses if use.grant_id != consent.grant_id],
        is_changed=is_changed,
        came_from=_LOOK_BACK if request.args.get("from") == _LOOK_BACK else None,
    )
    return page, 422 if is_changed else 200


def _get_live(grant_id: str) -> Consent:
    consent = find_consent(current_user.id, grant_id)
    return consent if consent is not None and consent.is_live() else abort(404)
