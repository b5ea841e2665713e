"""The one rule for redirect URIs (:rfc:`9700#section-2.1`), used by the form, registration and the authorize endpoint."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

_MAX_LENGTH = 2000
_LOOPBACK_HOSTS = ("127.0.0.1", "::1", "localhost")
# What RFC 3986 lets a URI be made of. Anything else could not come back "character for character".
_URI_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+\-]*(\.[a-z0-9+\-]+)+")


def find_redirect_uri_problem(uri: str) -> str | None:
    """What is wrong with a URI that is to be registered, as one sentence for a person; None if nothing is."""
    if not uri:
        return "A redirect URI is empty."
    if len(uri) > _MAX_LENGTH:
        return f"The redirect URI starting with “{uri[:60]}…” is longer than {_MAX_LENGTH} characters."
    if "*" in uri:
        return f"“{uri}” contains “*”: wildcards are not allowed, register each address in full."
    if not _URI_CHARACTERS.fullmatch(uri):
        return f"“{uri}” contains a character that a URI cannot hold (a space, a quote or a letter outside ASCII)."
    if _BAD_ESCAPE.search(uri):
        return f"“{uri}” contains a “%” that is not followed by two hexadecimal digits."
    if "#" in uri:
        return f"“{uri}” has a fragment (“#…”): browsers do not send it back, so leave it out."
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return f"“{uri}” is not a valid URI: check the host and the port."
    if not parts.scheme:
        return f"“{uri}” does not start with a scheme: write it in full, as in https://app.example.com/callback."
    if parts.scheme in ("http", "https"):
        return _find_web_problem(uri, parts, port)
    if not _PRIVATE_SCHEME.fullmatch(parts.scheme):
        return (
            f"“{uri}” uses the scheme “{parts.scheme}:”, which is not allowed: use https, http on 127.0.0.1,"
            " or a private scheme in reverse-domain form such as com.example.app:/callback."
        )
    return None


def _find_web_problem(uri: str, parts, port: int | None) -> str | None:
    if not parts.hostname:
        return f"“{uri}” has no host: write it in full, as in https://app.example.com/callback."
    if "@" in parts.netloc:
        return f"“{uri}” has a user name before the host (“…@”), which is not allowed."
    if port == 0:
        return f"“{uri}” has port 0, which no server can listen on."
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK_HOSTS:
        return f"“{uri}” uses http: use https (plain http is for 127.0.0.1 and localhost only)."
    return None


def is_registered(uri: str, registered: Iterable[str], *, native_app: bool) -> bool:
    """Whether a requested URI is one of the registered, character for character.

    One exception, for native apps: the port of a loopback URI may vary (:rfc:`8252#section-7.3`).
    """
    if uri in registered:
        return True
    if not native_app:
        return False
    without_port = _loopback_without_port(uri)
    return without_port is not None and any(without_port == _loopback_without_port(known) for known in registered)


_LOOPBACK_URI = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]|localhost))(?::([0-9]{1,5}))?((?:[/?].*)?)", re.DOTALL)


def _loopback_without_port(uri: str) -> tuple[str, str] | None:
    match = _LOOPBACK_URI.fullmatch(uri)
    if match is None or (match[2] is not None and not 0 < int(match[2]) < 65536):
        return None
    return match[1], match[3]


def origin_of(uri: str) -> str:
    """The origin a CSP ``form-action`` must name for a redirect to this URI, or its scheme for a private one."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def host_of(uri: str) -> str:
    """The host that will receive the answer, as a person should read it; for a private scheme, the scheme."""
    parts = urlsplit(uri)
    return parts.netloc or f"{parts.scheme}:"
