"""``/account/memories/bring/``: what somebody brings, what would come in, and what has."""

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from app.extensions import db
from app.http.error_answers import error_page
from app.http.incoming import takes_files_of
from app.http.services import services
from app.limits.errors import TooManyAttempts
from app.limits.table import UPLOADS
from app.memories.importing.bounds import MOST_BYTES, MOST_ENTRIES
from app.memories.importing.importer import Importer
from app.memories.importing.keeping import (
    PIECE,
    add_piece,
    begin_import,
    discard,
    find_import,
    find_latest,
    go_on,
    has_room,
    list_skips,
)
from app.memories.importing.models import AT_WORK, READING, READY, RECEIVING, WRITING, Import
from app.memories.importing.report import Report
from app.memories.importing.skips import SENTENCES, Reason
from app.paging import read_page
from app.personal import blueprint
from app.personal.bringing.upload import Upload, take_upload
from app.sentences import _

#: Seconds that an answer waits for the end of the work, of which there is little most often.
_PATIENCE = 1.5
_SKIPS_A_PAGE = 30
#: The form around the files.
_FORM = 1024 * 1024


@blueprint.get("/memories/bring/")
def bring() -> ResponseReturnValue:
    return _ask()


@blueprint.post("/memories/bring/")
@takes_files_of(MOST_BYTES + _FORM, MOST_ENTRIES + 10)
def receive() -> ResponseReturnValue:
    """Keep what was sent, and look through it."""
    upload = take_upload(request.files.getlist("files"))
    if upload is None:
        return _ask(_("Choose a file first.")), 422
    with upload:
        if upload.size > MOST_BYTES:
            return _ask(_("That is more than %(most)s MB; bring it in parts.", most=MOST_BYTES // 1024 // 1024)), 413
        try:
            services().limits.take(UPLOADS, current_user.id)
        except TooManyAttempts as error:
            return _refuse(429, _("You have brought very much within an hour. Go on a little later."), error.seconds)
        if not has_room(db.session(), upload.size):
            return _refuse(503, _("Much is being brought just now. Try again in a few minutes."), 300)
        import_id = _keep(upload)
    if import_id is None:
        flash(gettext("Another upload of yours has taken the place of this one."), "error")
        return redirect(url_for("personal.bring"), 303)
    _importer().wake(wait=_PATIENCE)
    return redirect(url_for("personal.show_import", import_id=import_id), 303)


@blueprint.get("/memories/bring/<import_id>/")
def show_import(import_id: str) -> ResponseReturnValue:
    """What would come in, how far it is, or what has come in: whatever is true now."""
    found = _get_import(import_id)
    if found.state in AT_WORK:
        # Whoever worked on it may be gone.
        _importer().wake()
    template = "working" if found.state in AT_WORK else found.state
    return render_template(f"personal/bringing/{template}.html", upload=found, report=Report.parse(found.report))


@blueprint.get("/memories/bring/<import_id>/left-out")
def show_skips(import_id: str) -> ResponseReturnValue:
    """Everything that does not come in, by name."""
    found, page = _get_import(import_id), read_page(request.args.get("page"))
    skips = list_skips(db.session(), found.id, page=page, size=_SKIPS_A_PAGE)
    return render_template(
        "personal/bringing/left_out.html",
        upload=found,
        skips=[(skip.name, SENTENCES[Reason(skip.reason)]) for skip in skips[:_SKIPS_A_PAGE]],
        page=page,
        has_next=len(skips) > _SKIPS_A_PAGE,
    )


@blueprint.post("/memories/bring/<import_id>/confirm")
def confirm_import(import_id: str) -> ResponseReturnValue:
    """Bring in what the preview has shown."""
    found = _get_import(import_id)
    # Whoever pressed twice is shown what became of the first time.
    if go_on(db.session(), found.id, WRITING):
        db.session.commit()
        _importer().wake(wait=_PATIENCE)
    return redirect(url_for("personal.show_import", import_id=found.id), 303)


@blueprint.post("/memories/bring/<import_id>/discard")
def discard_import(import_id: str) -> ResponseReturnValue:
    """Forget what was sent, as long as nothing of it has come in."""
    found = _get_import(import_id)
    is_waiting = found.state in (READING, READY)
    if not discard(db.session(), found.id):
        return redirect(url_for("personal.show_import", import_id=import_id), 303)
    db.session.commit()
    if is_waiting:
        flash(gettext("Nothing was brought in."))
    return redirect(url_for("personal.bring"), 303)


def _ask(problem: str | None = None) -> str:
    return render_template(
        "personal/bringing/bring.html",
        problem=problem,
        latest=find_latest(db.session(), current_user.id),
    )


def _keep(upload: Upload) -> str | None:
    """Keep an upload, piece by piece: nobody else who writes waits for more than one.

    Returns its id; None when its person has begun another before it was there.
    """
    made = begin_import(db.session(), current_user.id, upload.name, upload.size)
    import_id = made.id
    db.session.commit()
    for number, piece in enumerate(upload.pieces(PIECE)):
        is_there = add_piece(db.session(), import_id, number, piece)
        db.session.commit()
        if not is_there:
            return None
    is_whole = go_on(db.session(), import_id, READING)
    db.session.commit()
    return import_id if is_whole else None


def _get_import(import_id: str) -> Import:
    found = find_import(db.session(), current_user.id, import_id[:40].replace("\x00", ""))
    if found is None or found.state == RECEIVING:
        abort(404)
    return found


def _refuse(status: int, sentence: str, seconds: int) -> ResponseReturnValue:
    way = (url_for("personal.bring"), _("Back to bringing files"))
    page, status = error_page(status, _("Not just now"), sentence, way)
    return page, status, {"Retry-After": str(seconds)}


def _importer() -> Importer:
    return current_app.extensions["importer"]
