"""``/account/activity/``: what apps did, of all apps and of one; to take along; and for how long it is kept."""

from datetime import timedelta

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy import select

from app import clock
from app.accounts.lock import lock_person
from app.clients.models import Client
from app.consents.models import Consent
from app.consents.receipts.gaps import list_gaps
from app.consents.receipts.keeping import CHOICES, count_older, find_kept_days, keep_receipts
from app.database.patience import take_time
from app.extensions import db
from app.http.files import send_lines, send_table
from app.memories.models import Memory
from app.oauth.tokens.replay import list_replays
from app.paging import read_page
from app.personal import blueprint
from app.personal.activity.entries import list_entries
from app.personal.activity.exporting import write_json, write_rows
from app.personal.activity.filters import KINDS, Wanted, read_wanted
from app.personal.activity.timeline import ABOVE, BELOW, WIDTH, draw_timeline
from app.personal.apps.connections import find_consent, find_neighbours


@blueprint.get("/activity/")
def activity() -> ResponseReturnValue:
    """What all apps did, or one of them that was chosen."""
    return _show(_read_wanted(_read_app()), None)


@blueprint.get("/apps/<grant_id>/activity")
def show_activity(grant_id: str) -> ResponseReturnValue:
    """Also of a consent that has ended: what was done with it does not become a secret."""
    consent = find_consent(current_user.id, grant_id) or abort(404)
    return _show(_read_wanted(grant_id), consent)


@blueprint.get("/activity/receipts.csv")
def export_csv() -> ResponseReturnValue:
    return send_table(write_rows(_read_wanted(_read_app())), "receipts.csv")


@blueprint.get("/activity/receipts.json")
def export_json() -> ResponseReturnValue:
    return send_lines(write_json(_read_wanted(_read_app())), "application/json", "receipts.json")


def _read_app() -> str | None:
    grant_id = request.args.get("app")
    if grant_id and find_consent(current_user.id, grant_id) is None:
        abort(404)
    return grant_id


def _read_wanted(grant_id: str | None) -> Wanted:
    kept_days = find_kept_days(db.session(), current_user.id)
    return read_wanted(request.args, current_user.id, kept_days, grant_id or None)


def _show(wanted: Wanted, consent: Consent | None) -> ResponseReturnValue:
    page = read_page(request.args.get("page"))
    entries, has_next = list_entries(wanted, page)
    before, after = (None, None) if consent is None else find_neighbours(current_user.id, consent)
    bars = draw_timeline(wanted) if page == 1 else []
    return render_template(
        "personal/activity/receipts.html",
        address=_address_of(consent),
        consent=consent,
        wanted=wanted,
        apps=_list_apps(),
        kinds=KINDS,
        memory=_find_memory(wanted.memory_id),
        before=before,
        after=after,
        replays=list_replays(db.session(), consent.grant_id) if consent is not None and page == 1 else [],
        gaps=list_gaps(db.session(), wanted.begin, wanted.end) if page == 1 else [],
        bars=bars if any(bar.read or bar.written for bar in bars) else [],
        drawing=(WIDTH, ABOVE, BELOW),
        entries=entries,
        page=page,
        has_next=has_next,
        kept_days=wanted.kept_days,
        choices=CHOICES,
    )


def _address_of(consent: Consent | None) -> str:
    if consent is None:
        return url_for("personal.activity")
    return url_for("personal.show_activity", grant_id=consent.grant_id)


def _list_apps() -> list[tuple[str, str, bool]]:
    """The person's connections by name, those that have ended too: handle, name, and whether it is live."""
    rows = db.session.execute(
        select(Consent, Client.name).join(Client, Client.key == Consent.client_key).where(Consent.user_id == current_user.id)
    )  # fmt: skip
    apps = [(consent.grant_id, consent.name or name, consent.is_live()) for consent, name in rows]
    return sorted(apps, key=lambda app: (not app[2], app[1].casefold(), app[0]))


def _find_memory(memory_id: str | None) -> Memory | None:
    of_person = Memory.id == memory_id, Memory.user_id == current_user.id
    return db.session.scalar(select(Memory).where(*of_person)) if memory_id else None


# -- how long it is kept ---------------------------------------------------------------------------


@blueprint.post("/activity/kept")
def change_kept() -> ResponseReturnValue:
    """Keep what apps did for longer at once; for less long, after a page that says what goes."""
    text = request.form.get("days", "")
    days = int(text) if text in {str(choice) for choice in CHOICES} else abort(400)
    lock_person(db.session(), current_user.id)
    goes = count_older(db.session(), current_user.id, days)
    is_sure = request.form.get("action") == "sure" or (goes == 0 and days != 0)
    if not is_sure and days < find_kept_days(db.session(), current_user.id):
        older_than = clock.now() - timedelta(days=days)
        return render_template("personal/activity/kept.html", days=days, goes=goes, older_than=older_than)
    take_time()
    keep_receipts(db.session(), current_user.id, days)
    db.session.commit()
    if days:
        flash(gettext("What apps do is kept for %(days)s days.", days=days))
    else:
        flash(gettext("What apps read is no longer written down."))
    return redirect(url_for("personal.activity"), 303)
