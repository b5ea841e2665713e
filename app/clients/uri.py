"""The one parser of addresses: a URI cut at the delimiters of :rfc:`3986#appendix-B`, nothing decoded, nothing mended."""

import re
from typing import NamedTuple

_PARTS = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*")
_HOST_AND_PORT = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::(.*))?", re.DOTALL)
_WEB_SCHEMES = ("http", "https")

#: How the hosts of this machine are written in an address.
LOOPBACK_HOSTS = ("127.0.0.1", "[::1]", "localhost")


class Uri(NamedTuple):
    """The parts of an address; None for one that is not there, and empty for one that is there and empty, or no scheme.

    Anything can be cut, also what is no URI: ``has_scheme`` tells whether what stands before the colon is a scheme.
    """

    scheme: str
    authority: str | None
    path: str
    query: str | None
    fragment: str | None

    @property
    def has_scheme(self) -> bool:
        return _SCHEME.fullmatch(self.scheme) is not None

    @property
    def is_of_web(self) -> bool:
        """Whether a browser would ask a web server for it, whatever the case in which the scheme is written."""
        return self.has_scheme and self.scheme.lower() in _WEB_SCHEMES

    @property
    def host_and_port(self) -> tuple[str, str | None] | None:
        """The host, in its brackets if it has them, and what follows its colon; None when they cannot be told apart."""
        match = _HOST_AND_PORT.fullmatch((self.authority or "").rpartition("@")[2])
        return None if match is None else (match[1], match[2])

    @property
    def is_loopback(self) -> bool:
        """Whether its host is this machine."""
        pair = self.host_and_port
        return pair is not None and pair[0].lower() in LOOPBACK_HOSTS


def cut(uri: str) -> Uri:
    """Returns the parts of an address, or of anything else."""
    match = _PARTS.fullmatch(uri)
    # Each part may be empty, so everything matches.
    assert match is not None
    scheme, authority, path, query, fragment = match.groups()
    return Uri(scheme or "", authority, path, query, fragment)
