"""Whether a form was sent from a page of ours, by what the browser says of where it comes from.

Held against the issuer, never against ``Host``: what stands there is what the last proxy wrote.
"""

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_ORIGIN = re.compile(r"(https?://[^/?#\s]+)")
_REFERER = re.compile(r"(https?://[^/?#\s]+)(?:[/?#].*)?")


def is_from_us(origin: str | None, referer: str | None, issuer: str) -> bool:
    """Returns whether ``Origin`` and ``Referer`` of a request that changes something, as far as they are sent, name us.

    Each that is sent must. One is enough: browsers send ``Origin`` with every such form, and extensions and
    proxies take the ``Referer`` away. With neither, https is refused, as nothing shows that the form is ours; plain
    http, which is on this machine alone, is left to the form's token.

    ``Origin: null`` is a wrong one. Pages of ours do not send it, since their ``Referrer-Policy`` is ``same-origin``;
    what does is a page that has no origin, such as the sandboxed frame of somebody else's.
    """
    if not origin and not referer:
        return issuer.startswith("http://")
    named = [(text, pattern) for text, pattern in ((origin, _ORIGIN), (referer, _REFERER)) if text]
    return all((match := pattern.fullmatch(text)) and _is_issuer(match[1], issuer) for text, pattern in named)


def _is_issuer(origin: str, issuer: str) -> bool:
    try:
        theirs, ours = _read(origin), _read(issuer)
    except ValueError:
        return False
    if theirs == ours:
        return True
    # On one's own machine all its names lead to the same port: 127.0.0.1, [::1], localhost and what ends in it.
    same_port = (theirs[0], theirs[2]) == (ours[0], ours[2])
    return same_port and is_this_machine(theirs[1]) and is_this_machine(ours[1])


def _read(origin: str) -> tuple[str, str, int]:
    """Scheme, host in lower case and port, the default one where none is named. Raises ``ValueError``."""
    parts: SplitResult = urlsplit(origin)
    if not parts.hostname or "@" in parts.netloc:
        raise ValueError(origin)
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS[parts.scheme]


def is_this_machine(host: str) -> bool:
    """Returns whether the name of a host, in lower case and without a port, is one that every machine has for itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
