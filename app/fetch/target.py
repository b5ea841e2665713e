"""An address to fetch from: https, a host with a dot in it, and nothing that two readers could read differently."""

import re
from collections.abc import Iterable

from msgspec import Struct

from app.fetch.errors import FetchFailed, Why

#: An address longer than this is fetched by nobody.
MOST_CHARACTERS = 2048
_URL = re.compile(r"https://([^/?#@:\[\]\\]+)(?::443)?(/[^?#]*)?(\?[^#]*)?", re.IGNORECASE)
_PLAIN = re.compile(r"[!-~]+")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST_HOST = 253
#: Names that are never looked up in the public DNS, or that must not be (:rfc:`6761`, :rfc:`7686`, :rfc:`8375`).
_NOT_PUBLIC = (".localhost", ".local", ".internal", ".home.arpa", ".onion", ".alt", ".invalid")


class Target(Struct, frozen=True):
    """Whom to ask, and for what: the host in lower case, and path and query as they were written."""

    host: str
    path: str


def read_target(url: str) -> Target:
    """Returns what to ask and whom. Raises :class:`FetchFailed`."""
    found = _URL.fullmatch(url) if len(url) <= MOST_CHARACTERS and _PLAIN.fullmatch(url) else None
    if found is None:
        raise FetchFailed(Why.BAD_ADDRESS)
    host = found[1].lower()
    if not _is_name(host):
        raise FetchFailed(Why.BAD_ADDRESS)
    if host.endswith(_NOT_PUBLIC):
        raise FetchFailed(Why.NOT_PUBLIC, host)
    return Target(host, (found[2] or "/") + (found[3] or ""))


def matches(host: str, patterns: Iterable[str]) -> bool:
    """Returns whether a pattern names the host: itself, ``*.`` before a host for all below it, ``*`` for all."""
    return any(
        host == pattern or pattern == "*" or (pattern.startswith("*.") and host.endswith(pattern[1:]))
        for pattern in patterns
    )


def _is_name(host: str) -> bool:
    """Whether it is a name with a dot in it, and no address in whatever spelling: those end in a number."""
    labels = host.split(".")
    is_number = re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]) is not None
    return len(labels) > 1 and len(host) <= _LONGEST_HOST and not is_number and all(map(_LABEL.fullmatch, labels))
