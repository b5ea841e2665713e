"""The fast door: requests that are known from their first bytes on are answered before Flask makes anything of them.

It stands right in front of Flask, inside of what reads the address and the host, and takes a request only where
everything about it is exactly as its table says: the method, the path as it was sent, the content type, and a length.
Whatever is odd goes on to Flask as it came. Either way the same function answers, by the same rules.
"""

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any, NamedTuple

from flask import Flask

from app.api import me
from app.database.access import EVERYTHING, Access, has_committed, set_access
from app.database.patience import REQUEST_SECONDS, set_patience
from app.database.repeat import repeat
from app.database.side_by_side.aside import step_aside
from app.http import health
from app.http.application import Application
from app.http.direct.call import Act, Call, Row
from app.http.direct.written import Written, status_line
from app.http.doors import Errors, access_for
from app.http.incoming import REFUSED
from app.logs import present
from app.oauth.endpoints import (
    authorization,
    device_authorization,
    introspection,
    metadata,
    pushed,
    revocation,
    token,
)
from app.services import Services

_Start = Callable[..., Any]

#: Every endpoint that is answered here.
ROWS: tuple[Row, ...] = (
    *authorization.DIRECT,
    *token.DIRECT,
    *pushed.DIRECT,
    *introspection.DIRECT,
    *revocation.DIRECT,
    *device_authorization.DIRECT,
    *me.DIRECT,
    *metadata.DIRECT,
    *health.DIRECT,
)

#: In how many bytes every form fits that an honest client sends to these endpoints.
_LARGEST_BODY = 64 * 1024
_LARGEST_LENGTH = len(str(_LARGEST_BODY))
#: How clients spell the one type of body that there is.
_FORM_TYPES = frozenset(
    (
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded;charset=UTF-8",
        "application/x-www-form-urlencoded; charset=UTF-8",
        "application/x-www-form-urlencoded;charset=utf-8",
        "application/x-www-form-urlencoded; charset=utf-8",
    )
)
#: What goes on to Flask: a body whose length nobody knows, a web page that calls, and what the server itself refuses.
_NOT_HERE = ("HTTP_TRANSFER_ENCODING", "HTTP_ORIGIN", REFUSED)


class _Place(NamedTuple):
    """One method of one path, with what follows from its row."""

    path: str
    rule: str
    act: Act
    access: Access
    has_form: bool
    #: Whether the whole is done once more where the database asks for that; a token endpoint sees to that itself.
    repeats: bool


_PLACES = {
    (row.method, path): _Place(
        path,
        row.rule,
        row.act,
        access_for(row.door, row.method),
        row.method == "POST",
        row.door.errors is not Errors.OAUTH,
    )
    for row in ROWS
    for path in row.paths
}
_WITH_QUERY = {(row.method, path) for row in ROWS if row.takes_query for path in row.paths}

#: The methods and paths that are answered here, as they are sent.
FAST = frozenset(_PLACES)


def takes(environ: dict[str, Any]) -> bool:
    """Returns whether the fast door takes a request. Nothing of it is read but what stands in its first bytes."""
    return _find_place(environ) is not None


def _find_place(environ: dict[str, Any]) -> _Place | None:
    method, path = environ["REQUEST_METHOD"], environ.get("RAW_URI", "")
    place = _PLACES.get((method, path))
    if place is None:
        path = path.partition("?")[0]
        if (method, path) not in _WITH_QUERY:
            return None
        place = _PLACES[method, path]
    if environ.get("PATH_INFO") != path or environ.get("SCRIPT_NAME"):
        return None
    if not environ.keys().isdisjoint(_NOT_HERE):
        return None
    kind, length = environ.get("CONTENT_TYPE", ""), environ.get("CONTENT_LENGTH", "")
    if place.has_form:
        return place if kind in _FORM_TYPES and _is_length(length) else None
    return place if not kind and length in ("", "0") else None


def _is_length(text: str) -> bool:
    return (
        0 < len(text) <= _LARGEST_LENGTH
        and text.isascii()
        and text.isdecimal()
        and text[0] != "0"
        and int(text) <= _LARGEST_BODY
    )


class FastDoor:
    """Answers what it takes, and hands on everything else."""

    def __init__(self, app: Application, inside: Callable[..., Iterable[bytes]]) -> None:
        self._app, self._inside = app, inside

    def __call__(self, environ: dict[str, Any], start_response: _Start) -> Iterable[bytes]:
        place = _find_place(environ)
        if place is None:
            return self._inside(environ, start_response)
        present.note_route(environ, place.rule)
        set_access(place.access)
        set_patience(REQUEST_SECONDS)
        try:
            written = self._answer(place, environ)
        except Exception as error:
            return self._app.answer_failure(error, environ, start_response)
        finally:
            set_access(EVERYTHING)
            set_patience(None)
        if written is None:
            step_aside()
            return self._inside(environ, start_response)
        present.note_status(environ, written.status)
        start_response(status_line(written.status), written.headers)
        return (written.body,)

    def _answer(self, place: _Place, environ: dict[str, Any]) -> Written | None:
        body = b""
        if place.has_form:
            length = int(environ["CONTENT_LENGTH"])
            body = environ["wsgi.input"].read(length)
            # For Flask, which says what becomes of one that was cut off, and of what the endpoint leaves to it.
            environ["wsgi.input"] = BytesIO(body)
            if len(body) < length:
                return None
        services: Services = self._app.extensions["services"]
        call = Call(environ, services, environ["REQUEST_METHOD"], place.path, lambda: body)
        if place.repeats:
            return repeat(lambda: place.act(call), may_repeat=_nothing_stands)
        return place.act(call)


def _nothing_stands() -> bool:
    return not has_committed()


def register(app: Flask) -> None:
    """Put the door in front of the app as it is by now: first of all, so that everything else stands in front of it."""
    assert isinstance(app, Application)
    app.soon_answered = (FAST, takes)
    engine = app.extensions["services"].engine
    if engine.dialect.name == "postgresql":
        from app.database.side_by_side.group import SideBySide

        app.together = SideBySide(engine).run
    app.wsgi_app = FastDoor(app, app.wsgi_app)  # type: ignore[method-assign]
