"""Which address that somebody sent may be registered at a click: one of the app's own hosts, or of the reader's computer.

Anybody can send a request in an app's name, with any address in it. What is registered from there must not
widen where codes go: another host is only ever typed by an admin.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from app.clients.address_problems import find_redirect_uri_problem
from app.clients.uri import LOOPBACK_HOSTS, cut

# What is noted of a request ends here: a longer address may have been cut off.
_MOST_LENGTH = 2000


class Nearness(StrEnum):
    """Why an address may be registered at a click."""

    LOOPBACK = "loopback"
    SAME_HOST = "same host"
    SAME_SCHEME = "same scheme"


class _Place(NamedTuple):
    """Who gets what is sent to an address: a web host, whatever its port; for a private scheme, its app."""

    scheme: str
    host: str


def find_nearness(uri: str, registered: Iterable[str]) -> Nearness | None:
    """Returns why the address may be registered without being typed; None when it may not.

    It must be one that may be registered at all, so nothing in it is disguised; and scheme and host are those of
    an address that is registered now and would be today, character for character, or it is on loopback.
    """
    if len(uri) >= _MOST_LENGTH or find_redirect_uri_problem(uri):
        return None
    place = _place_of(uri)
    if place.scheme in ("http", "https") and place.host in LOOPBACK_HOSTS:
        return Nearness.LOOPBACK
    if not any(place == _place_of(known) for known in registered if not find_redirect_uri_problem(known)):
        return None
    return Nearness.SAME_HOST if place.host else Nearness.SAME_SCHEME


def _place_of(uri: str) -> _Place:
    parts = cut(uri)
    host, _port = (parts.is_of_web and parts.host_and_port) or ("", None)
    # What follows a private scheme's "//" is no host: the system asks the scheme alone whose it is.
    return _Place(parts.scheme, host)
