"""What every answer to a program shares: the id of its request, and the resource API's one shape of errors."""

import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Response, request

from app.credentials import new_id

_encode = json.JSONEncoder(separators=(",", ":")).encode
_log = logging.getLogger(__name__)

Headers = Iterable[tuple[str, str]]

_ENVIRON_KEY = "reliquary.request_id"


def request_id() -> str:
    """The id of the present request, made when first asked for.

    It is always ours: an ``X-Request-ID`` that comes in could name another request, or hold anything.
    """
    environ = request.environ
    known = environ.get(_ENVIRON_KEY)
    if known is None:
        known = environ[_ENVIRON_KEY] = new_id("req")
    return known


def json_answer(body: dict[str, Any], status: int = 200, headers: Headers = ()) -> Response:
    """A JSON answer, without what Flask's own looks up anew each time."""
    answer = Response(_encode(body), status, mimetype="application/json")
    for name, value in headers:
        answer.headers.add(name, value)
    return answer


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
