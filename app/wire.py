"""What programs call, and what every answer to them shares: headers, the id of the request, one shape of errors."""

import logging
from collections.abc import Iterable, Mapping
from random import getrandbits
from typing import Any

import orjson
from flask import Response, request
from werkzeug.datastructures import Headers

_log = logging.getLogger(__name__)

_ENVIRON_KEY = "reliquary.request_id"

# Programs call these. They have no session, no CSRF token and no pages, and answer JSON.
_WIRE_PATHS = (
    "/api/",
    "/oauth/token",
    "/oauth/revoke",
    "/oauth/introspect",
    "/.well-known/",
    "/healthz",
    "/readyz",
)
# A person's browser comes here, under a path that looks like the API's.
_PAGE_PATHS = ("/api/v1/auth/oauth2/authorize",)
# And OAuth's own endpoints answer OAuth's errors there.
_PROTOCOL_PATHS = ("/api/v1/auth/oauth2/",)
_HEADERS = (("Content-Type", "application/json"), ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))
_OWN_HEADERS = frozenset(("Content-Type", "Cache-Control"))


def is_wire(path: str) -> bool:
    """Whether a path is called by programs rather than shown to people."""
    return path.startswith(_WIRE_PATHS) and not path.startswith(_PAGE_PATHS)


def is_api(path: str) -> bool:
    """Whether a path is the resource API's, which has errors of its own shape."""
    return path.startswith("/api/") and not path.startswith(_PROTOCOL_PATHS)


def request_id() -> str:
    """The id of the present request, made when first asked for.

    It is always ours: an ``X-Request-ID`` that comes in could name another request, or hold anything.
    It only has to differ from others and guards nothing, so it does not come from the system's random source.
    """
    environ = request.environ
    known = environ.get(_ENVIRON_KEY)
    if known is None:
        known = environ[_ENVIRON_KEY] = f"req_{getrandbits(96):024x}"
    return known


class _WrittenHeaders(Headers):
    """Headers that are ours to the letter. Werkzeug would look through each value for a line break."""

    def __init__(self, items: list[tuple[str, str]]):
        super().__init__()
        self._list = items


class JsonAnswer(Response):
    """A JSON answer that is complete when it is made: nothing looks through its headers again."""

    def __init__(self, body: dict[str, Any], status: int, headers: Iterable[tuple[str, str]]):
        data = orjson.dumps(body)
        own = [header for header in headers if header[0] not in _OWN_HEADERS]
        if request.is_api:
            own.append(("X-Request-ID", request_id()))
        super().__init__([data], status, _WrittenHeaders([*_HEADERS, ("Content-Length", str(len(data))), *own]))

    def __call__(self, environ, start_response):
        """Send it: there is no address in the headers to correct, the length is known, and nothing is to be closed."""
        start_response(self.status, self.headers.to_wsgi_list())
        return () if environ["REQUEST_METHOD"] == "HEAD" else self.response


def json_answer(body: dict[str, Any], status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> Response:
    """A JSON answer that nobody may keep, without what Flask's own looks up anew each time."""
    return JsonAnswer(body, status, headers)


def error_answer(
    status: int,
    code: str,
    message: str,
    *,
    headers: Mapping[str, str] | None = None,
    errors: list[dict[str, Any]] | None = None,
) -> Response:
    """An error of the resource API: ``code`` is for programs and stable, ``message`` says what to do.

    ``errors`` holds what is wrong with each field: ``field``, ``code``, ``message``, and ``index`` where there are
    several objects. The log gets one line with the request's id.
    """
    body: dict[str, Any] = {"code": code, "message": message, "request_id": request_id()}
    if errors:
        body["errors"] = errors
    # The path alone: a query may hold what somebody looked for.
    _log.info("%s %s %s answered %s %s", request_id(), request.method, request.path, status, code)
    return json_answer(body, status, (headers or {}).items())
