"""The list of letters, and each of them: as text, and as mail programs show it."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from flask import Response, abort, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from app.config import settings
from app.demonstration.mailbox import blueprint
from app.extensions import db
from app.http.at_issuer import ASKED_HOST
from app.http.form_origin import is_this_machine
from app.mail.models import LocalMail

_MOST_LISTED = 25
_ADDRESS = re.compile(r"(https?://[^\s<>]+[^\s<>.,])")
# A letter brings its own style, and nothing else: mail programs fetch none.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@blueprint.before_request
def _only_by_a_name_of_this_machine() -> None:
    # A site of somebody else's that lets its own name lead here could read, in a browser here, every link in a letter.
    try:
        host = urlsplit(f"//{request.environ[ASKED_HOST]}").hostname or ""
    except ValueError:
        host = ""
    # A proxy writes there what it likes.
    if not settings().trusted_proxies and not is_this_machine(host):
        abort(404)


@blueprint.get("/")
def list_letters() -> ResponseReturnValue:
    """The last letters, of everybody or of one address."""
    recipient = request.args.get("to", "").replace("\x00", "").strip()[:320]
    letters = select(LocalMail).order_by(LocalMail.sent_at.desc(), LocalMail.id).limit(_MOST_LISTED)
    if recipient:
        letters = letters.where(LocalMail.recipient == recipient)
    return render_template(
        "demonstration/letters.html",
        letters=db.session.scalars(letters).all(),
        total=db.session.scalar(select(func.count()).select_from(LocalMail)),
        recipient=recipient,
    )


@blueprint.get("/<letter_id>")
def show_letter(letter_id: str) -> ResponseReturnValue:
    """One letter, as text; its links lead where they lead in the mailbox."""
    letter = _get_letter(letter_id)
    return render_template("demonstration/letter.html", letter=letter, pieces=list(_find_links(letter.text)))


@blueprint.get("/<letter_id>/html")
def show_html(letter_id: str) -> ResponseReturnValue:
    """The same letter as HTML, alone as a mail program shows it."""
    return Response(_get_letter(letter_id).html, headers={"Content-Security-Policy": _POLICY})


def _get_letter(letter_id: str) -> LocalMail:
    letter = db.session.get(LocalMail, letter_id) if "\x00" not in letter_id else None
    return letter or abort(404)


def _find_links(text: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces, and whether each is an address of this server."""
    for piece in _ADDRESS.split(text):
        yield piece, piece == settings().issuer or piece.startswith(f"{settings().issuer}/")
