"""An answer to a program, complete to the letter: nothing looks through it again."""

import json
import logging
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

import orjson
from werkzeug.http import HTTP_STATUS_CODES

from app.logs import present

_log = logging.getLogger(__name__)

_HEADERS = (("Content-Type", "application/json"), ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))
_OWN_HEADERS = frozenset(("Content-Type", "Cache-Control"))


class Written(NamedTuple):
    """Status, headers and body, as they are sent."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@cache
def status_line(status: int) -> str:
    """Returns the status with its phrase, in Werkzeug's spelling."""
    return f"{status} {HTTP_STATUS_CODES[status].upper()}"


def write_json(
    body: dict[str, Any] | list[Any], status: int, headers: Iterable[tuple[str, str]], request_id: str
) -> Written:
    """Returns a JSON answer that nobody may keep."""
    return write_ready(orjson.dumps(body), status, headers, request_id)


def dump_document(body: dict[str, Any]) -> bytes:
    """Returns JSON that people read too: in ASCII, sorted, with a line end."""
    return (json.dumps(body, sort_keys=True, separators=(",", ":")) + "\n").encode()


def write_ready(data: bytes, status: int, headers: Iterable[tuple[str, str]], request_id: str) -> Written:
    """Returns the same with a body that is JSON already."""
    own = [header for header in headers if header[0] not in _OWN_HEADERS]
    return Written(status, [*_HEADERS, ("Content-Length", str(len(data))), *own, ("X-Request-ID", request_id)], data)


def write_error(
    environ: dict[str, Any],
    status: int,
    code: str,
    message: str,
    *,
    headers: Mapping[str, str] | None = None,
    errors: list[dict[str, Any]] | None = None,
    scope: str | None = None,
    is_told: bool = False,
) -> Written:
    """Returns an error of the resource API: ``code`` is for programs and stable, ``message`` says what to do.

    ``errors`` holds what is wrong with each field: ``field``, ``code``, ``message``, and ``index`` where there are
    several objects; ``scope`` what the token lacks. The log gets one line with the request's id, unless it ``is_told``
    there already.
    """
    request_id = present.request_id(environ)
    body: dict[str, Any] = {"code": code, "message": message, "request_id": request_id}
    if errors:
        body["errors"] = errors
    if scope:
        body["scope"] = scope
    # Neither path nor query: they may hold what somebody looked for.
    if not is_told:
        _log.info("%s answered %s %s", present.told(environ), status, code)
    return write_json(body, status, (headers or {}).items(), request_id)
