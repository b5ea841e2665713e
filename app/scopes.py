"""The scopes: what each is called on the wire, and the sentence the consent screen shows for it."""

from collections.abc import Iterable

from app.sentences import _

#: name -> what a person reads after "{App} will be able to".
SCOPES = {
    "memories:read": _("read and search the memories you choose"),
    "memories:write": _(
        "add memories, make mementos of them, and change or delete the ones it added, or others in mementos where you allow that"
    ),
    "integrations:read": _("see which sources you have connected, how fresh they are and how much they hold"),
    "integrations:write": _("connect, change and remove your sources"),
    "profile": _("see your name, your e-mail address, the organization you belong to and your role in it"),
}

#: Opens no call: it says what ``/api/me/`` tells of the person. It is younger than the others, and whatever was
#: registered or allowed before it has it without naming it.
PROFILE = "profile"
#: All that the tools of the memory server for agents ask for: another scope is of no use with a token for it.
OF_AGENTS = ("memories:read", "memories:write")

_OF_MEMORIES = frozenset(name for name in SCOPES if name.startswith("memories:"))

# Asked for by OpenID-minded libraries to get a refresh token, which every client with the
# refresh grant gets anyway. Accepted, and never part of what is granted or stored; but told in the answer
# to whoever asked for it, since some libraries take an answer without it for a refusal.
OFFLINE_ACCESS = "offline_access"


# What was parsed and written once. Only strings and sets of known names are kept, each name once: there are few of
# those, however many others are sent.
_parsed: dict[str, frozenset[str]] = {}
_formatted: dict[frozenset[str], str] = {}
_EMPTY: frozenset[str] = frozenset()


def parse_scope(scope: str | None) -> frozenset[str]:
    """Returns the set of names in a space-delimited scope string (:rfc:`6749#section-3.3`), without ``offline_access``."""
    if not scope:
        return _EMPTY
    known = _parsed.get(scope)
    if known is not None:
        return known
    names = scope.split(" ")
    found = frozenset(names) - {"", OFFLINE_ACCESS}
    if len(names) <= len(SCOPES) + 1 and len(set(names)) == len(names) and found <= SCOPES.keys() and "" not in names:
        _parsed[scope] = found
    return found


def asks_offline_access(scope: str | None) -> bool:
    """Returns whether a scope string names ``offline_access`` too."""
    return scope is not None and OFFLINE_ACCESS in scope and OFFLINE_ACCESS in scope.split(" ")


def with_offline_access(scope: str) -> str:
    """Returns the scope string of somebody who asked for ``offline_access`` beside it."""
    return f"{scope} {OFFLINE_ACCESS}"


def format_scope(scopes: Iterable[str]) -> str:
    """Returns the wire's space-delimited string: known names in their declared order, then any others by name."""
    names = frozenset(scopes)
    known = _formatted.get(names)
    if known is not None:
        return known
    others = names - SCOPES.keys()
    text = " ".join([name for name in SCOPES if name in names] + sorted(others))
    if not others:
        _formatted[names] = text
    return text


def with_profile(scope: str) -> str:
    """Returns a scope with ``profile`` in it."""
    return scope if not scope or PROFILE in scope else f"{scope} {PROFILE}"


def without_profile(scope: str) -> str:
    """Returns a scope without ``profile``, unless that is all there is."""
    return format_scope(parse_scope(scope) - {PROFILE}) or scope


def intersect_scope(scope: str, bound: str) -> str:
    """Returns the part of a scope that lies within another."""
    return scope if scope == bound else format_scope(parse_scope(scope) & parse_scope(bound))


def reaches_memories(scopes: frozenset[str]) -> bool:
    """Returns whether any of the scopes looks through mementos, so that the person has to choose some."""
    return not scopes.isdisjoint(_OF_MEMORIES)
