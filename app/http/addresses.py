"""The network address of whoever sends a request, as proxies write it down: with a port, in brackets, or not at all."""

import re
import socket
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any

_WITH_PORT = re.compile(r"\[(?P<bracketed>[^]]*)\](?::\d*)?|(?P<plain>[^:]*)(?::\d+)?|(?P<bare>.*)", re.DOTALL)


def plain_address(text: str) -> str | None:
    """Returns the address alone, in its one spelling; None when the text holds none, such as ``unknown`` (:rfc:`7239#section-6`)."""
    found = _WITH_PORT.fullmatch(text.strip().strip('"'))
    assert found is not None, "The pattern takes every text."
    address = next(part for part in found.groups() if part is not None)
    try:
        # The zone of a link-local address names a network card of the proxy's.
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


class PlainAddresses:
    """Lets the app inside know whose request it is, without the port, so that whatever counts by address counts people.

    Each proxy writes behind a comma whose request it got, and what stands before that is anybody's. So the list is
    counted from its end: a quotation mark or a backslash before it takes nothing from what a proxy wrote, as it does for
    Werkzeug's own reader. When a proxy names none, what is left is its own address: those it does not tell apart count as one.
    """

    def __init__(self, app: Callable, proxies: int):
        self._app, self._proxies = app, proxies

    def __call__(self, environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
        told = environ.get("HTTP_X_FORWARDED_FOR", "").rsplit(",", self._proxies)
        address = plain_address(told[-self._proxies]) if len(told) >= self._proxies else None
        environ["REMOTE_ADDR"] = address or plain_address(environ.get("REMOTE_ADDR") or "") or ""
        return self._app(environ, start_response)


def say_hidden(sockets: Iterable[socket.socket], proxies: int) -> str | None:
    """Returns what is to be told where no request can come with an address; None where one can."""
    if proxies or not any(one.family == socket.AF_UNIX for one in sockets):
        return None
    return (
        "Requests at a Unix socket come from a proxy, and TRUSTED_PROXIES is 0: nobody has an address, and limits count"
        " all people as one. Set it to how many proxies in front set X-Forwarded-For."
    )
