"""The one rule for redirect URIs (:rfc:`9700#section-2.1`): what may be registered, and what matches it."""

import re
from collections.abc import Callable, Iterable, Sequence
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

MAX_REDIRECT_URIS = 20
MAX_ORIGINS = 20

_MAX_LENGTH = 2000
_MAX_QUOTED = 200
_LOOPBACK_HOSTS = ("127.0.0.1", "[::1]", "localhost")
# What the server adds to the URI (RFC 6749 section 4.1.2, RFC 9207). Twice in one answer is ambiguous.
_ANSWER_PARAMETERS = ("code", "state", "iss", "error", "error_description", "error_uri")

_FORBIDDEN_CHARACTER = re.compile(r"[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):(?://([^/?]*))?([^?]*)(?:\?(.*))?")
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+\-]*(\.[a-z0-9+\-]+)+")
_HOST_AND_PORT = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::(.*))?")
_HOST_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_\-]{0,61}[a-z0-9_])?")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
# Browsers read a host that ends in a number as an IPv4 address: 127.1 and 0x7f.1 are 127.0.0.1 to them.
_ENDS_IN_NUMBER = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)")


class _Parts(NamedTuple):
    """A URI cut at RFC 3986's delimiters, nothing decoded. ``authority`` is None without ``//``, ``query`` without ``?``."""

    scheme: str
    authority: str | None
    path: str
    query: str | None


def find_redirect_uri_problems(uris: Sequence[str]) -> list[str]:
    """What is wrong with a list of URIs that are to be registered: one sentence for each that is wrong or repeated."""
    if not uris:
        return ["Give at least one redirect URI: the address in your app that people come back to."]
    if len(uris) > MAX_REDIRECT_URIS:
        return [f"There are {len(uris)} redirect URIs; {MAX_REDIRECT_URIS} is the most."]
    problems = [find_redirect_uri_problem(uri) for uri in dict.fromkeys(uris)]
    repeated = [f"{quoted(uri)} is listed more than once." for uri in dict.fromkeys(uris) if uris.count(uri) > 1]
    return [problem for problem in problems if problem] + repeated


def find_redirect_uri_problem(uri: str) -> str | None:
    """What is wrong with a URI that is to be registered, as one sentence for a person; None if nothing is."""
    return _find_problem(uri, _REDIRECT_URI_CHECKS)


def find_web_address_problem(address: str) -> str | None:
    """What is wrong with the address of a page, such as an app's homepage, as one sentence; None if nothing is."""
    return _find_problem(address, _WEB_ADDRESS_CHECKS)


def find_origin_problems(origins: Sequence[str]) -> list[str]:
    """What is wrong with a list of web origins (:rfc:`6454`) that are to be registered, one sentence for each."""
    if len(origins) > MAX_ORIGINS:
        return [f"There are {len(origins)} request origins; {MAX_ORIGINS} is the most."]
    problems = [_find_problem(origin, _ORIGIN_CHECKS) for origin in dict.fromkeys(origins)]
    repeated = [f"{quoted(one)} is listed more than once." for one in dict.fromkeys(origins) if origins.count(one) > 1]
    return [problem for problem in problems if problem] + repeated


def is_registered(uri: str, registered: Iterable[str], *, native_app: bool) -> bool:
    """Whether a requested URI is one of the registered, character for character.

    One exception, for native apps: the port of a loopback URI may vary (:rfc:`8252#section-7.3`).
    """
    registered = tuple(registered)
    if uri in registered:
        return True
    if not native_app:
        return False
    without_port = _loopback_without_port(uri)
    return without_port is not None and any(without_port == _loopback_without_port(known) for known in registered)


def is_web(uri: str) -> bool:
    """Whether the answer goes to a web server: neither to this machine itself nor to a private scheme."""
    parts = urlsplit(uri)
    return parts.scheme in ("http", "https") and parts.hostname not in ("127.0.0.1", "::1", "localhost")


def host_of(uri: str) -> str:
    """The host that will receive the answer, as a person should read it; for a private scheme, the scheme.

    What follows a private scheme's ``//`` is anything its app likes, also somebody else's host name.
    """
    parts = urlsplit(uri)
    return parts.netloc if parts.scheme in ("http", "https") else f"{parts.scheme}:"


def quoted(text: str) -> str:
    """Typed text as a sentence can hold it: in quotes, what cannot be seen marked, and cut when long."""
    shown = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[:_MAX_QUOTED])
    return f"“{shown}{'…' if len(text) > _MAX_QUOTED else ''}”"


_LOOPBACK_URI = re.compile(
    r"(http://(?:127\.0\.0\.1|\[::1\]|localhost))(?::([1-9][0-9]{0,4}))?((?:[/?].*)?)", re.DOTALL
)


def _loopback_without_port(uri: str) -> tuple[str, str] | None:
    match = _LOOPBACK_URI.fullmatch(uri)
    if match is None or (match[2] is not None and int(match[2]) > 65535):
        return None
    return match[1], match[3]


# -- the checks: each returns what follows the quoted URI in the sentence ----------------------------


def _find_problem(uri: str, checks: Iterable[Callable[[_Parts], str | None]]) -> str | None:
    if not uri:
        return "An address is empty."
    problem = _find_spelling_problem(uri)
    if problem is None:
        parts = _Parts(*_URI.fullmatch(uri).groups())
        problem = next(filter(None, (check(parts) for check in checks)), None)
    return problem and f"{quoted(uri)} {problem}"


def _find_spelling_problem(uri: str) -> str | None:
    if len(uri) > _MAX_LENGTH:
        return f"is longer than {_MAX_LENGTH} characters."
    forbidden = _FORBIDDEN_CHARACTER.search(uri)
    if forbidden:
        return f"contains {_describe(forbidden[0])}."
    if "*" in uri:
        return "contains “*”: wildcards are not allowed, list each address in full."
    if "#" in uri:
        return "has a fragment (what follows “#”), which is not allowed: leave it out."
    if _BAD_ESCAPE.search(uri):
        return "contains a “%” that is not followed by two hexadecimal digits."
    if not _URI.fullmatch(uri):
        return "does not start with a scheme: write it in full, as in https://app.example.com/callback."
    return None


def _describe(character: str) -> str:
    if character == "\\":
        return "a backslash, which browsers read as “/”"
    if character in "\t\r\n":
        return "a tab or a line break"
    if character == " ":
        return "a space: write %20 if you mean one"
    if not character.isprintable():
        return "an invisible or control character"
    if not character.isascii():
        return f"“{character}”: write a host in its ASCII form (xn--…), and other letters as percent escapes"
    return f"the character {character}, which a URI cannot hold"


def _find_scheme_problem(parts: _Parts) -> str | None:
    if parts.scheme != parts.scheme.lower():
        return (
            f"has the scheme “{parts.scheme}:”: write “{parts.scheme.lower()}:”,"
            " since addresses are compared character by character."
        )
    if parts.scheme in ("http", "https") or _PRIVATE_SCHEME.fullmatch(parts.scheme):
        return None
    return (
        f"has the scheme “{parts.scheme}:”, which is not allowed: use https, http on 127.0.0.1,"
        " or a private scheme in reverse-domain form such as com.example.app:/callback."
    )


def _find_web_scheme_problem(parts: _Parts) -> str | None:
    return None if parts.scheme in ("http", "https") else "is not a web address: it must start with https://."


def _find_authority_problem(parts: _Parts) -> str | None:
    if parts.authority and "@" in parts.authority:
        return "has a user name before the host (what precedes “@”), which is not allowed."
    if parts.scheme not in ("http", "https"):
        return _find_private_problem(parts)
    if parts.authority is None:
        return f"needs two slashes after “{parts.scheme}:”, as in {parts.scheme}://app.example.com/callback."
    match = _HOST_AND_PORT.fullmatch(parts.authority)
    if match is None:
        return "has a host that cannot be read: check its colons and brackets."
    host, port = match.groups()
    return _find_host_problem(host) or _find_port_problem(port) or _find_plain_http_problem(parts.scheme, host)


def _find_private_problem(parts: _Parts) -> str | None:
    if not parts.authority and not parts.path:
        return f"ends after its scheme: add a path, as in {parts.scheme}:/callback."
    if parts.authority is None and not parts.path.startswith("/"):
        # Also what app.example.com:8443/callback turns out to be.
        return f"needs a slash after “{parts.scheme}:”; if you mean a web address, begin it with https://."
    if parts.authority and ("[" in parts.authority or "]" in parts.authority):
        return "has a bracket after “//”, which is not allowed."
    return None


def _find_host_problem(host: str) -> str | None:
    if not host:
        return "has no host: write it in full, as in https://app.example.com/callback."
    if host != host.lower():
        return "has capital letters in its host: write them small, since addresses are compared character by character."
    if host.startswith("["):
        return None if _is_ipv6(host[1:-1]) else "has an IPv6 address that is not in its shortest form, such as [::1]."
    if host.endswith("."):
        return "has a host that ends with a dot: leave the dot out."
    if _ENDS_IN_NUMBER.fullmatch(host):
        return None if _is_ipv4(host) else "has a host that is neither a name nor a full IPv4 address (127.0.0.1)."
    if len(host) > 253 or not all(_HOST_LABEL.fullmatch(label) for label in host.split(".")):
        return "has a host that is not a name: use letters, digits, “-” and dots between them."
    return None


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
    if port is None or (_PORT.fullmatch(port) and int(port) < 65536):
        return None
    if not port:
        return "has a “:” after its host and no port: add the port or leave the colon out."
    return "has a port that is not a whole number from 1 to 65535, written without leading zeros."


def _find_plain_http_problem(scheme: str, host: str) -> str | None:
    if scheme == "https" or host in _LOOPBACK_HOSTS:
        return None
    return "uses http: use https (plain http is for 127.0.0.1, [::1] and localhost only)."


def _find_path_problem(parts: _Parts) -> str | None:
    if any(unquote(segment) in (".", "..") for segment in parts.path.split("/")):
        return "has “.” or “..” in its path, which browsers resolve before they follow it: write the path it leads to."
    if any(bracket in parts.path + (parts.query or "") for bracket in "[]"):
        return "has a bracket outside its host: write %5B for “[” and %5D for “]”."
    return None


def _find_more_than_origin(parts: _Parts) -> str | None:
    if parts.path or parts.query is not None:
        return "is more than an origin: write scheme, host and port alone, as in https://app.example.com."
    # Browsers leave it out of the Origin header, which is compared character by character.
    port = {"https": ":443", "http": ":80"}[parts.scheme]
    return f"names the port that browsers leave out: leave out “{port}”." if parts.authority.endswith(port) else None


def _find_query_problem(parts: _Parts) -> str | None:
    taken = [name for name, _ in parse_qsl(parts.query or "", keep_blank_values=True) if name in _ANSWER_PARAMETERS]
    return f"has “{taken[0]}” in its query, which the answer itself carries: leave it out." if taken else None


_ORIGIN_CHECKS = (_find_web_scheme_problem, _find_authority_problem, _find_more_than_origin)
_WEB_ADDRESS_CHECKS = (_find_web_scheme_problem, _find_authority_problem, _find_path_problem)
_REDIRECT_URI_CHECKS = (_find_scheme_problem, _find_authority_problem, _find_path_problem, _find_query_problem)
