"""``/account/activity/undo/``: what apps wrote, by day; undoing one thing, or all since a moment."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import current_user
from msgspec import Struct
from sqlalchemy import select

from app import clock
from app.accounts.lock import lock_person
from app.clients.models import Client
from app.consents.models import Consent
from app.consents.undo.applying import MOST_AT_ONCE, apply_steps
from app.consents.undo.models import KEPT_FOR
from app.consents.undo.plan import Act, Plan, Step, plan_one, plan_since
from app.database.access import read_anew
from app.extensions import db
from app.http.incoming import takes_forms_of
from app.http.moments.zones import reading_zone
from app.http.sure import HAS_CHANGED
from app.memories.totals import AccountFull
from app.paging import read_page
from app.personal import blueprint
from app.personal.activity.written import find_before, list_written
from app.personal.apps.connections import find_consent
from app.sentences import sentence_of, translated

#: So many of each kind a page names, and so many that somebody changed since it asks about, each by itself.
MOST_NAMED = 100
#: So many bytes has a form with a tick for each of those.
_LARGEST_FORM = 20_000


@blueprint.get("/activity/undo/")
def written() -> ResponseReturnValue:
    """What apps added, changed and deleted, the latest first."""
    consent = _read_app()
    page = read_page(request.args.get("page"))
    days, has_next = list_written(current_user.id, consent.grant_id if consent else None, page)
    return render_template(
        "personal/activity/written.html",
        consent=consent,
        days=days,
        page=page,
        has_next=has_next,
    )


@blueprint.get("/activity/undo/<change_id>")
def ask_to_undo(change_id: str) -> ResponseReturnValue:
    key = _read_key(change_id)
    return _show_one(key, plan_one(db.session(), current_user.id, key))


@blueprint.post("/activity/undo/<change_id>")
@takes_forms_of(_LARGEST_FORM)
def undo_one(change_id: str) -> ResponseReturnValue:
    key = _read_key(change_id)
    lock_person(db.session(), current_user.id)
    plan = plan_one(db.session(), current_user.id, key)
    if request.form.get("seen") != plan.seal:
        read_anew(db.session())
        flash(translated(HAS_CHANGED), "error")
        return _show_one(key, plan_one(db.session(), current_user.id, key))
    # Whoever pressed the button has read what somebody changed since.
    return _undo(plan.agreed + plan.disputed)


@blueprint.get("/activity/undo/since")
def ask_to_undo_since() -> ResponseReturnValue:
    consent, since = _read_app(), _read_moment(request.args.get("moment"))
    return _show_since(consent, since, _plan_since(consent, since))


@blueprint.post("/activity/undo/since")
@takes_forms_of(_LARGEST_FORM)
def undo_since() -> ResponseReturnValue:
    consent, since = _read_app(), _read_moment(request.args.get("moment"))
    lock_person(db.session(), current_user.id)
    plan = _plan_since(consent, since)
    if request.form.get("seen") != plan.seal:
        read_anew(db.session())
        flash(translated(HAS_CHANGED), "error")
        return _show_since(consent, since, _plan_since(consent, since))
    ticked = set(request.form.getlist("also"))
    return _undo(plan.agreed + [step for step in plan.disputed if str(step.change_id) in ticked])


def _undo(steps: Sequence[Step]) -> ResponseReturnValue:
    try:
        done = apply_steps(db.session(), current_user.id, steps[:MOST_AT_ONCE])
    except AccountFull as error:
        db.session.rollback()
        flash(gettext("Nothing was undone. %(reason)s", reason=translated(sentence_of(error))), "error")
        return redirect(url_for("personal.written"), 303)
    db.session.commit()
    if not done:
        flash(gettext("Nothing was undone."))
    elif len(steps) > MOST_AT_ONCE:
        flash(gettext("%(done)s changes are undone. There are more: look at the list and go on.", done=f"{done:,}"))
    else:
        flash(ngettext("One change is undone.", "%(num)s changes are undone.", done))
    return redirect(url_for("personal.written"), 303)


class _Group(Struct, frozen=True):
    """Steps of one act, as a page names them."""

    act: str
    count: int
    named: Sequence[Step]


def _show_one(key: int, plan: Plan) -> ResponseReturnValue:
    change = find_before(current_user.id, key) or abort(404)
    if not (plan.agreed or plan.disputed):
        return _nothing_to_undo()
    # A source stands before what was in it.
    step = plan.steps[0]
    return render_template(
        "personal/activity/undo_one.html",
        change=change,
        step=step,
        seen=plan.seal,
        app_name=_name_of(change.grant_id),
        disputed_by=_name_of(step.disputed_by),
        with_memories=len(plan.steps) - 1,
        most=MOST_AT_ONCE,
        kept_until=change.last_at + KEPT_FOR,
    )


def _show_since(consent: Consent | None, since: datetime, plan: Plan) -> ResponseReturnValue:
    names = {grant_id: _name_of(grant_id) for grant_id in {step.disputed_by for step in plan.disputed}}
    agreed = [
        _Group(act, len(of_act), of_act[:MOST_NAMED]) for act in _ACTS if (of_act := plan.of(act, disputed=False))
    ]
    return render_template(
        "personal/activity/undo_since.html",
        consent=consent,
        since=since,
        agreed=agreed,
        disputed=plan.disputed[:MOST_NAMED],
        disputed_count=len(plan.disputed),
        names=names,
        seen=plan.seal,
        most=MOST_AT_ONCE,
        count=len(plan.agreed),
    )


_ACTS: tuple[Act, ...] = ("delete", "revert", "restore")


def _plan_since(consent: Consent | None, since: datetime) -> Plan:
    return plan_since(db.session(), current_user.id, since, consent.grant_id if consent else None)


def _read_key(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else abort(404)


def _read_app() -> Consent | None:
    """The connection that the page is about; None for all. Another person's is not there."""
    grant_id = request.args.get("app")
    if not grant_id:
        return None
    return find_consent(current_user.id, grant_id) or abort(404)


def _read_moment(text: str | None) -> datetime:
    """A point in time as a page sent it; a day ago for whatever is none."""
    latest = clock.now()
    try:
        moment = datetime.fromisoformat(text or "")
        moment = moment.replace(tzinfo=reading_zone()) if moment.tzinfo is None else moment
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return latest - timedelta(days=1)
    return moment


def _name_of(grant_id: str | None) -> str:
    """What the person calls the connection; empty for none."""
    named = select(Consent.name, Client.name).join(Client, Client.key == Consent.client_key)
    row = db.session.execute(named.where(Consent.grant_id == grant_id)).first()
    return "" if row is None else row[0] or row[1]


def _nothing_to_undo() -> ResponseReturnValue:
    flash(gettext("There is nothing to undo any more."))
    return redirect(url_for("personal.written"), 303)
