"""The network address of whoever sends a request, as proxies write it down: with a port, in brackets, or not at all."""

import re
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any

_WITH_PORT = re.compile(r"\[(?P<bracketed>[^]]*)\](?::\d*)?|(?P<plain>[^:]*)(?::\d+)?|(?P<bare>.*)", re.DOTALL)
#: Where ProxyFix keeps what was there before it.
_BEFORE = "werkzeug.proxy_fix.orig"


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
    """Lets the app inside know an address without its port, so that whatever counts by address counts people.

    When a proxy names none, what is left is the proxy's own: those it does not tell apart count as one.
    """

    def __init__(self, app: Callable):
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
        before = environ.get(_BEFORE, {}).get("REMOTE_ADDR") or ""
        address = plain_address(environ.get("REMOTE_ADDR") or "") or plain_address(before)
        environ["REMOTE_ADDR"] = address or ""
        return self._app(environ, start_response)
