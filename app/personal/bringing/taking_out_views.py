"""``/account/memories/take-out/``: everything that a person keeps, as one file."""

import threading
from collections.abc import Callable, Iterator

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import clock
from app.accounts.fresh import needs_fresh_sign_in
from app.extensions import db
from app.http.error_answers import error_page
from app.http.moments import iso_day
from app.http.services import services
from app.limits.errors import TooManyAttempts
from app.limits.table import TAKE_OUTS
from app.memories.mementos import list_integrations
from app.memories.taking_out.everything import take_out
from app.personal import blueprint
from app.sentences import _

# An answer goes at the pace of whoever reads it, and takes a thread of the few that there are.
_one_at_a_time = threading.BoundedSemaphore(1)


@blueprint.get("/memories/take-out/")
@needs_fresh_sign_in
def show_take_out() -> ResponseReturnValue:
    return render_template("personal/bringing/take_out.html", integrations=list_integrations(current_user.id))


@blueprint.get("/memories/take-out/everything.zip")
@needs_fresh_sign_in
def take_everything_out() -> ResponseReturnValue:
    """The archive, made while it is sent. Whoever asks for its head alone takes nothing out."""
    name = f"memories-{iso_day(clock.now())}.zip"
    if request.method == "HEAD":
        return Response(headers=_headers(name), mimetype="application/zip")
    return send_archive(name, lambda: take_out(db.engine, current_user.id))


def send_archive(
    name: str, make: Callable[[], Iterator[bytes]], and_then: Callable[[], None] | None = None
) -> ResponseReturnValue:
    """Returns the archive under this name, made while it is sent, or why not now.

    ``and_then`` is done once it is sure to begin.
    """
    try:
        services().limits.take(TAKE_OUTS, current_user.id)
    except TooManyAttempts as error:
        return _refuse(429, _("You have taken everything out very often within an hour."), error.seconds)
    if not _one_at_a_time.acquire(blocking=False):
        return _refuse(503, _("Somebody else is taking everything out just now. Try again in a minute."), 60)
    turn = _Turn(make)
    if and_then is not None:
        try:
            and_then()
        except BaseException:
            turn.close()
            raise
    return Response(turn, headers=_headers(name), mimetype="application/zip")


def _headers(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


class _Turn(Iterator[bytes]):
    """The archive, whose end makes room for the next, however it ends: also of one that nobody has begun to read."""

    def __init__(self, make: Callable[[], Iterator[bytes]]) -> None:
        self._is_mine = True
        self._first: bytes | None = None
        try:
            self._pieces = make()
        except BaseException:
            self.close()
            raise
        # While there is still an answer to give that says that the database is away.
        self._first = self.__next__()

    def __next__(self) -> bytes:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        try:
            return next(self._pieces)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let the next one have the turn."""
        if self._is_mine:
            self._is_mine = False
            _one_at_a_time.release()

    def __del__(self) -> None:
        self.close()


def _refuse(status: int, sentence: str, seconds: int) -> ResponseReturnValue:
    way = (url_for("personal.show_take_out"), _("Back"))
    page, status = error_page(status, _("Not just now"), sentence, way)
    return page, status, {"Retry-After": str(seconds)}
