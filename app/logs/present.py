"""The request that this context answers at the moment, and what of it a log may tell. It knows no framework.

What is known stands in the request's ``environ``, so that whoever writes a line later, such as the server, finds it.
"""

import re
from contextvars import ContextVar
from random import getrandbits
from typing import Any

_REQUEST_ID = "reliquary.request_id"
_ROUTE = "reliquary.route"
_STATUS = "reliquary.status"
_CLIENT = "reliquary.client"
_INCOMING = "HTTP_X_REQUEST_ID"
# A UUID, or what nginx and others make. Nothing that could be read as another line or field, and no credential of
# ours, which are longer.
_PLAIN = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{7,39}", re.ASCII)
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))

#: Under this key of the environ stands that a request came to the management port.
IS_MANAGEMENT = "reliquary.is_management"
#: What stands for the route of an address where there is nothing, and for a method that nobody knows.
OTHER = "other"


_present: ContextVar[dict[str, Any] | None] = ContextVar("present", default=None)


def begin(environ: dict[str, Any]) -> None:
    """This context answers this request from now on."""
    _present.set(environ)


def end() -> None:
    """It has answered."""
    _present.set(None)


def environ() -> dict[str, Any]:
    """Returns what is known of the present request; nothing where there is none."""
    return _present.get() or {}


def request_id(environ: dict[str, Any], *, trusts_proxy: bool = False) -> str:
    """Returns the id of a request, made when first asked for.

    Ours, unless a trusted proxy brings a short and plain one: from anybody else, an ``X-Request-ID`` could name another
    request, or hold anything. It only has to differ from others and guards nothing, so it does not come from the
    system's random source.
    """
    known = environ.get(_REQUEST_ID)
    if known is None:
        sent = environ.get(_INCOMING, "") if trusts_proxy else ""
        known = sent if sent and _PLAIN.fullmatch(sent) else f"req_{getrandbits(96):024x}"
        environ[_REQUEST_ID] = known
    return str(known)


def note_route(environ: dict[str, Any], rule: str) -> None:
    """Note which route answers: its rule, never the path itself, which holds what a stranger chose."""
    environ[_ROUTE] = rule


def note_status(environ: dict[str, Any], status: int) -> None:
    """Note how it is answered."""
    environ[_STATUS] = status


def note_client(key: str) -> None:
    """Note the client that the present request is from, or says it is from: the key of one that exists."""
    environ = _present.get()
    if environ is not None:
        environ[_CLIENT] = key


def route_of(environ: dict[str, Any]) -> str:
    """Returns the rule of the route that answers."""
    return environ.get(_ROUTE) or OTHER


def status_of(environ: dict[str, Any]) -> int | None:
    """Returns the status of the answer, once there is one."""
    return environ.get(_STATUS)


def client_of(environ: dict[str, Any]) -> str | None:
    """Returns the key of the client, once it is known."""
    return environ.get(_CLIENT)


def method_of(environ: dict[str, Any]) -> str:
    """Returns the method, when it is one that HTTP has."""
    method = environ.get("REQUEST_METHOD", "")
    return method if method in _METHODS else OTHER


def told(environ: dict[str, Any]) -> str:
    """Returns what was asked for, in the words of a log."""
    return f"{method_of(environ)} {route_of(environ)}"


def tell(environ: dict[str, Any]) -> dict[str, Any]:
    """Returns what a log tells of the request, by the names of its fields."""
    return {
        "request_id": request_id(environ),
        "client": client_of(environ),
        "method": method_of(environ),
        "route": route_of(environ),
        "status": status_of(environ),
    }
