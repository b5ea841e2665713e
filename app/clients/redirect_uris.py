"""The one rule for redirect URIs (:rfc:`9700#section-2.1`): lists of what may be registered, and what matches them."""

from collections.abc import Iterable, Sequence

from app.clients.address_problems import find_origin_problem, find_redirect_uri_problem, is_port, quoted
from app.clients.uri import LOOPBACK_HOSTS, cut
from app.sentences import _

MAX_REDIRECT_URIS = 20
MAX_ORIGINS = 20


def find_redirect_uri_problems(uris: Sequence[str]) -> list[str]:
    """Returns what is wrong with a list of URIs that are to be registered: one sentence for each that is wrong or repeated."""
    if not uris:
        return [
            _(
                "Give at least one redirect URI: the address in your app that people come back to. Only an app of devices"
                " alone needs none."
            )
        ]
    if len(uris) > MAX_REDIRECT_URIS:
        return [
            _(
                "There are %(count)s redirect URIs; %(most)s is the most.",
                count=len(uris),
                most=MAX_REDIRECT_URIS,
            )
        ]
    problems = [find_redirect_uri_problem(uri) for uri in dict.fromkeys(uris)]
    repeated = [
        _("%(uri)s is listed more than once.", uri=quoted(uri)) for uri in dict.fromkeys(uris) if uris.count(uri) > 1
    ]
    return [problem for problem in problems if problem] + repeated


def find_origin_problems(origins: Sequence[str]) -> list[str]:
    """Returns what is wrong with a list of web origins (:rfc:`6454`) that are to be registered, one sentence for each."""
    if len(origins) > MAX_ORIGINS:
        return [
            _(
                "There are %(count)s request origins; %(most)s is the most.",
                count=len(origins),
                most=MAX_ORIGINS,
            )
        ]
    problems = [find_origin_problem(origin) for origin in dict.fromkeys(origins)]
    repeated = [
        _("%(uri)s is listed more than once.", uri=quoted(one))
        for one in dict.fromkeys(origins)
        if origins.count(one) > 1
    ]
    return [problem for problem in problems if problem] + repeated


def is_registered(uri: str, registered: Iterable[str], *, any_port: bool) -> bool:
    """Returns whether a requested URI is one of the registered, character for character.

    One exception, for native apps and for those that no organization registered, where nobody could say which they
    are: the port of a loopback URI may vary (:rfc:`8252#section-7.3`).
    """
    registered = tuple(registered)
    if uri in registered:
        return True
    if not any_port:
        return False
    without_port = _loopback_without_port(uri)
    return without_port is not None and any(without_port == _loopback_without_port(known) for known in registered)


def is_web(uri: str) -> bool:
    """Returns whether the answer goes to a web server: neither to this machine itself nor to a private scheme."""
    parts = cut(uri)
    return parts.is_of_web and not parts.is_loopback


def web_origin_of(uri: str) -> str | None:
    """Returns the origin of the page at an address (:rfc:`6454`), as a browser names it; None for a private scheme."""
    parts = cut(uri)
    if not parts.is_of_web or not parts.authority or "@" in parts.authority:
        return None
    scheme = parts.scheme.lower()
    port = {"https": ":443", "http": ":80"}[scheme]
    return f"{scheme}://{parts.authority.removesuffix(port)}"


def host_of(uri: str) -> str:
    """Returns the host that will receive the answer, as a person should read it; for a private scheme, the scheme.

    What follows a private scheme's ``//`` is anything its app likes, also somebody else's host name.
    """
    parts = cut(uri)
    if parts.is_of_web:
        return parts.authority or ""
    return f"{parts.scheme.lower()}:" if parts.has_scheme else ":"


def _loopback_without_port(uri: str) -> tuple[str, str] | None:
    """Returns a loopback URI as scheme and host, and what follows its port; None for any other."""
    parts, start = cut(uri), "http://"
    if parts.scheme != "http" or parts.host_and_port is None or "@" in (parts.authority or ""):
        return None
    host, port = parts.host_and_port
    rest = uri[len(start) + len(parts.authority or "") :]
    if host not in LOOPBACK_HOSTS or rest.startswith("#"):
        return None
    if port is not None and not is_port(port):
        return None
    return start + host, rest
