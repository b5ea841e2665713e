"""Where a redirect URI that was sent differs from the registered one: piece by piece, and in words."""

from collections.abc import Callable, Iterable
from difflib import SequenceMatcher
from typing import NamedTuple
from urllib.parse import unquote

from msgspec import Struct

from app.clients.uri import LOOPBACK_HOSTS, cut
from app.sentences import _

# Enough to know which was meant; somebody may send very long ones to make this slow.
_MOST_COMPARED = 300


class Piece(NamedTuple):
    """A run of characters, and whether they differ. An empty one that differs is where something is missing."""

    text: str
    differs: bool


class Difference(Struct, frozen=True):
    """Both addresses in pieces, and sentences without a full stop that say what differs."""

    sent: list[Piece]
    registered: list[Piece]
    words: list[str]


def find_nearest(sent: str, registered: Iterable[str]) -> str | None:
    """Returns the registered address that was probably meant; None when none is registered."""
    matcher = SequenceMatcher()
    matcher.set_seq2(sent[:_MOST_COMPARED].lower())

    def likeness(uri: str) -> float:
        matcher.set_seq1(uri[:_MOST_COMPARED].lower())
        return matcher.ratio()

    return max(registered, key=likeness, default=None)


def compare(sent: str, registered: str) -> Difference:
    """Returns what differs between two addresses that are not equal."""
    ours, theirs = [], []
    for kind, start, end, other_start, other_end in _opcodes(sent, registered):
        ours.append(Piece(sent[start:end], kind != "equal"))
        theirs.append(Piece(registered[other_start:other_end], kind != "equal"))
    return Difference(ours, theirs, _in_words(sent, registered))


def _opcodes(sent: str, registered: str) -> list[tuple[str, int, int, int, int]]:
    opcodes = SequenceMatcher(None, sent, registered).get_opcodes()
    # A letter or two in common within what differs is chance, and would only make it harder to read.
    merged: list[tuple[str, int, int, int, int]] = []
    for index, (opcode, ours, ours_end, theirs, theirs_end) in enumerate(opcodes):
        is_chance = opcode == "equal" and 0 < index < len(opcodes) - 1 and ours_end - ours < 3
        kind = "equal" if opcode == "equal" and not is_chance else "differs"
        if merged and merged[-1][0] == kind == "differs":
            _, ours, _, theirs, _ = merged.pop()
        merged.append((kind, ours, ours_end, theirs, theirs_end))
    return merged


# -- in words ------------------------------------------------------------------------------------


class _Parts(NamedTuple):
    scheme: str
    host: str
    port: str
    path: str
    query: str | None
    fragment: str | None


def _parse(uri: str) -> _Parts:
    parts = cut(uri)
    host, colon, port = (parts.authority or "").rpartition(":")
    if not colon or port.endswith("]"):
        host, port = parts.authority or "", ""
    return _Parts(parts.scheme, host, port, parts.path, parts.query, parts.fragment)


def _in_words(sent: str, registered: str) -> list[str]:
    if sent.strip() == registered:
        return [_("the sent one has a space before or after it")]
    if sent.lower() == registered.lower():
        return [_("only upper and lower case differ, and they count")]
    if unquote(sent) == registered:
        return [_("the sent one was percent-encoded once too often")]
    ours, theirs = _parse(sent), _parse(registered)
    return [words for check in _CHECKS if (words := check(ours, theirs))] or [_("some characters differ")]


def _compare_schemes(sent: _Parts, registered: _Parts) -> str | None:
    if sent.scheme == registered.scheme:
        return None
    if not sent.scheme or (not sent.host and registered.host):
        return _("the sent one does not begin with %(scheme)s://", scheme=registered.scheme)
    return _("the sent one has %(sent)s instead of %(registered)s", sent=sent.scheme, registered=registered.scheme)


def _compare_hosts(sent: _Parts, registered: _Parts) -> str | None:
    if sent.host == registered.host or not sent.host:
        return None
    if sent.host.lower() == registered.host.lower():
        return _("the host has upper case letters in one of them")
    if sent.host in LOOPBACK_HOSTS and registered.host in LOOPBACK_HOSTS:
        return _("%(sent)s and %(registered)s are two addresses here", sent=sent.host, registered=registered.host)
    if "www." + sent.host == registered.host:
        return _("the registered one begins with www.")
    if sent.host == "www." + registered.host:
        return _("the sent one begins with www.")
    return _("another host")


def _compare_ports(sent: _Parts, registered: _Parts) -> str | None:
    if sent.port == registered.port or not sent.host:
        return None
    return _(
        "another port: %(sent)s instead of %(registered)s",
        sent=sent.port or _("none"),
        registered=registered.port or _("none"),
    )


def _compare_paths(sent: _Parts, registered: _Parts) -> str | None:
    # Without a host, what stands in its place is taken for a path.
    if sent.path == registered.path or (registered.host and not sent.host):
        return None
    if sent.path + "/" == registered.path:
        return _("the registered one ends with a slash, the sent one does not")
    if sent.path == registered.path + "/":
        return _("the sent one ends with a slash, the registered one does not")
    if sent.path.lower() == registered.path.lower():
        return _("upper and lower case differ in the path, and they count")
    return _("another path")


def _compare_queries(sent: _Parts, registered: _Parts) -> str | None:
    if sent.query == registered.query:
        return None
    if registered.query is None:
        return _("the sent one has a query (what follows “?”), the registered one has none")
    if sent.query is None:
        return _("the registered one has a query (what follows “?”), the sent one has none")
    return _("another query (what follows “?”)")


def _compare_fragments(sent: _Parts, registered: _Parts) -> str | None:
    return None if sent.fragment == registered.fragment else _("the sent one has a fragment (what follows “#”)")


_CHECKS: tuple[Callable[[_Parts, _Parts], str | None], ...] = (
    _compare_schemes,
    _compare_hosts,
    _compare_ports,
    _compare_paths,
    _compare_queries,
    _compare_fragments,
)
