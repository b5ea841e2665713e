"""What is wrong with an address that is to be registered (:rfc:`9700#section-2.1`), as one sentence for a person."""

import re
from collections.abc import Callable, Iterable
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import parse_qsl, unquote

from app.clients.private_schemes import allowed_private_schemes
from app.clients.uri import LOOPBACK_HOSTS, Uri, cut
from app.sentences import _

_MAX_LENGTH = 2000
_MAX_QUOTED = 200
# What the server adds to the URI (RFC 6749 section 4.1.2, RFC 9207). Twice in one answer is ambiguous.
_ANSWER_PARAMETERS = ("code", "state", "iss", "error", "error_description", "error_uri")

_FORBIDDEN_CHARACTER = re.compile(r"[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+\-]*(\.[a-z0-9+\-]+)+")
_HOST_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_\-]{0,61}[a-z0-9_])?")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
# What people paste; as the path of a single address it would be odd.
_SECOND_ADDRESS = re.compile("[,;]https?://")
# Browsers read a host that ends in a number as an IPv4 address: 127.1 and 0x7f.1 are 127.0.0.1 to them.
_ENDS_IN_NUMBER = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)")


def find_redirect_uri_problem(uri: str) -> str | None:
    """Returns what is wrong with a URI that is to be registered, as one sentence for a person; None if nothing is."""
    return _find_problem(uri, _REDIRECT_URI_CHECKS)


def find_web_address_problem(address: str) -> str | None:
    """Returns what is wrong with the address of a page, such as an app's homepage, as one sentence; None if nothing is."""
    return _find_problem(address, _WEB_ADDRESS_CHECKS)


def find_origin_problem(origin: str) -> str | None:
    """Returns what is wrong with a web origin (:rfc:`6454`), as one sentence; None if nothing is."""
    return _find_problem(origin, _ORIGIN_CHECKS)


def find_resource_problem(address: str) -> str | None:
    """Returns what is wrong with the address of a resource server (:rfc:`8707#section-2`), as one sentence; None if nothing is."""
    return _find_problem(address, _RESOURCE_CHECKS)


def quoted(text: str) -> str:
    """Returns typed text as a sentence can hold it: in quotes, what cannot be seen marked, and cut when long."""
    shown = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[:_MAX_QUOTED])
    return f"“{shown}{'…' if len(text) > _MAX_QUOTED else ''}”"


# -- the checks: each returns what follows the quoted URI in the sentence ----------------------------


def _find_problem(uri: str, checks: Iterable[Callable[[Uri], str | None]]) -> str | None:
    if not uri:
        return _("An address is empty.")
    problem = _find_spelling_problem(uri)
    if problem is None:
        parts = cut(uri)
        problem = next(filter(None, (check(parts) for check in checks)), None)
    return problem and _("%(uri)s %(problem)s", uri=quoted(uri), problem=problem)


def _find_spelling_problem(uri: str) -> str | None:
    if len(uri) > _MAX_LENGTH:
        return _("is longer than %(most)s characters.", most=_MAX_LENGTH)
    forbidden = _FORBIDDEN_CHARACTER.search(uri)
    if forbidden:
        return _("contains %(forbidden)s.", forbidden=_describe(forbidden[0]))
    if "*" in uri:
        return _("contains “*”: wildcards are not allowed, list each address in full.")
    if "#" in uri:
        return _("has a fragment (what follows “#”), which is not allowed: leave it out.")
    if _BAD_ESCAPE.search(uri):
        return _("contains a “%” that is not followed by two hexadecimal digits.")
    if second := _SECOND_ADDRESS.search(uri.partition("?")[0]):
        return _("holds another address after “%(mark)s”: give each on its own.", mark=second[0][0])
    if not cut(uri).has_scheme:
        return _("does not start with a scheme: write it in full, as in https://app.example.com/callback.")
    return None


def _describe(character: str) -> str:
    if character == "\\":
        return _("a backslash, which browsers read as “/”")
    if character in "\t\r\n":
        return _("a tab or a line break")
    if character == " ":
        return _("a space: write %20 if you mean one")
    if not character.isprintable():
        return _("an invisible or control character")
    if not character.isascii():
        return _(
            "“%(character)s”: write a host in its ASCII form (xn--…), and other letters as percent escapes",
            character=character,
        )
    return _("the character %(character)s, which a URI cannot hold", character=character)


def _find_scheme_problem(parts: Uri) -> str | None:
    if parts.scheme != parts.scheme.lower():
        return _(
            "has the scheme “%(scheme)s:”: write “%(lower)s:”, since addresses are compared character by character.",
            scheme=parts.scheme,
            lower=parts.scheme.lower(),
        )
    if parts.scheme in ("http", "https") or _PRIVATE_SCHEME.fullmatch(parts.scheme):
        return None
    if parts.scheme in allowed_private_schemes():
        return None
    return _(
        "has the scheme “%(scheme)s:”, which is not allowed: use https, http on 127.0.0.1, or a private scheme in"
        " reverse-domain form such as com.example.app:/callback.",
        scheme=parts.scheme,
    )


def _find_web_scheme_problem(parts: Uri) -> str | None:
    return None if parts.scheme in ("http", "https") else _("is not a web address: it must start with https://.")


def _find_authority_problem(parts: Uri) -> str | None:
    if parts.authority and "@" in parts.authority:
        return _("has a user name before the host (what precedes “@”), which is not allowed.")
    if parts.scheme not in ("http", "https"):
        return _find_private_problem(parts)
    if parts.authority is None:
        return _(
            "needs two slashes after “%(scheme)s:”, as in %(scheme)s://app.example.com/callback.", scheme=parts.scheme
        )
    pair = parts.host_and_port
    if pair is None:
        return _("has a host that cannot be read: check its colons and brackets.")
    host, port = pair
    return _find_host_problem(host) or _find_port_problem(port) or _find_plain_http_problem(parts.scheme, host)


def _find_private_problem(parts: Uri) -> str | None:
    if not parts.authority and not parts.path:
        return _("ends after its scheme: add a path, as in %(scheme)s:/callback.", scheme=parts.scheme)
    if parts.authority is None and not parts.path.startswith("/"):
        # Also what app.example.com:8443/callback turns out to be.
        return _(
            "needs a slash after “%(scheme)s:”; if you mean a web address, begin it with https://.", scheme=parts.scheme
        )
    if parts.authority and ("[" in parts.authority or "]" in parts.authority):
        return _("has a bracket after “//”, which is not allowed.")
    return None


def _find_host_problem(host: str) -> str | None:
    if not host:
        return _("has no host: write it in full, as in https://app.example.com/callback.")
    if host != host.lower():
        return _(
            "has capital letters in its host: write them small, since addresses are compared character by character."
        )
    if host.startswith("["):
        return (
            None if _is_ipv6(host[1:-1]) else _("has an IPv6 address that is not in its shortest form, such as [::1].")
        )
    if host.endswith("."):
        return _("has a host that ends with a dot: leave the dot out.")
    if _ENDS_IN_NUMBER.fullmatch(host):
        return None if _is_ipv4(host) else _("has a host that is neither a name nor a full IPv4 address (127.0.0.1).")
    if len(host) > 253 or not all(_HOST_LABEL.fullmatch(label) for label in host.split(".")):
        return _("has a host that is not a name: use letters, digits, “-” and dots between them.")
    return None


def is_host_name(host: str) -> bool:
    """Returns whether it is a name as it could be registered: in small letters, no IP address, and no dot at its end."""
    return not host.startswith("[") and not _ENDS_IN_NUMBER.fullmatch(host) and _find_host_problem(host) is None


def _is_ipv6(text: str) -> bool:
    try:
        return str(IPv6Address(text)) == text and "%" not in text
    except AddressValueError:
        return False


def _is_ipv4(text: str) -> bool:
    try:
        return str(IPv4Address(text)) == text
    except AddressValueError:
        return False


def _find_port_problem(port: str | None) -> str | None:
    if port is None or is_port(port):
        return None
    if not port:
        return _("has a “:” after its host and no port: add the port or leave the colon out.")
    return _("has a port that is not a whole number from 1 to 65535, written without leading zeros.")


def is_port(text: str) -> bool:
    """Returns whether it is a port's number, from 1 to 65535, written without leading zeros."""
    return _PORT.fullmatch(text) is not None and int(text) < 65536


def _find_plain_http_problem(scheme: str, host: str) -> str | None:
    if scheme == "https" or host in LOOPBACK_HOSTS:
        return None
    return _("uses http: use https (plain http is for 127.0.0.1, [::1] and localhost only).")


def _find_path_problem(parts: Uri) -> str | None:
    if any(unquote(segment) in (".", "..") for segment in parts.path.split("/")):
        return _(
            "has “.” or “..” in its path, which browsers resolve before they follow it: write the path it leads to."
        )
    if any(bracket in parts.path + (parts.query or "") for bracket in "[]"):
        return _("has a bracket outside its host: write %5B for “[” and %5D for “]”.")
    return None


def _find_more_than_origin(parts: Uri) -> str | None:
    if parts.path or parts.query is not None:
        return _("is more than an origin: write scheme, host and port alone, as in https://app.example.com.")
    return _find_needless_port(parts)


def _find_needless_port(parts: Uri) -> str | None:
    # Browsers leave it out of the Origin header, which is compared character by character; so do apps.
    port = {"https": ":443", "http": ":80"}[parts.scheme]
    return (
        _("names the port that browsers leave out: leave out “%(port)s”.", port=port)
        if (parts.authority or "").endswith(port)
        else None
    )


def _find_any_query(parts: Uri) -> str | None:
    return None if parts.query is None else _("has a query (what follows “?”), which a resource does not need.")


def _find_query_problem(parts: Uri) -> str | None:
    taken = [name for name, _ in parse_qsl(parts.query or "", keep_blank_values=True) if name in _ANSWER_PARAMETERS]
    return (
        _("has “%(taken)s” in its query, which the answer itself carries: leave it out.", taken=taken[0])
        if taken
        else None
    )


_ORIGIN_CHECKS = (_find_web_scheme_problem, _find_authority_problem, _find_more_than_origin)
_WEB_ADDRESS_CHECKS = (_find_web_scheme_problem, _find_authority_problem, _find_path_problem)
_REDIRECT_URI_CHECKS = (_find_scheme_problem, _find_authority_problem, _find_path_problem, _find_query_problem)
_RESOURCE_CHECKS = (
    *(_find_web_scheme_problem, _find_authority_problem, _find_path_problem),
    *(_find_needless_port, _find_any_query),
)
