"""The scopes: what each is called on the wire, and the sentence the consent screen shows for it."""

from collections.abc import Iterable
from functools import lru_cache

#: name -> what a person reads after "{App} will be able to".
SCOPES = {
    "memories:read": "read and search the memories you choose",
    "memories:write": "add memories, and change or delete those it added or where you let it",
    "integrations:read": "see which sources you have connected and how fresh they are",
    "integrations:write": "connect, change and remove your sources",
}

# Asked for by OpenID-minded libraries to get a refresh token, which every client with the
# refresh grant gets anyway. Accepted, and never part of what is granted.
OFFLINE_ACCESS = "offline_access"


@lru_cache(maxsize=1024)
def parse_scope(scope: str | None) -> frozenset[str]:
    """The set of names in a space-delimited scope string (:rfc:`6749#section-3.3`), without ``offline_access``."""
    return frozenset(scope.split(" ")) - {"", OFFLINE_ACCESS} if scope else frozenset()


def format_scope(scopes: Iterable[str]) -> str:
    """The wire's space-delimited string: known names in their declared order, then any others by name."""
    names = set(scopes)
    return " ".join([name for name in SCOPES if name in names] + sorted(names - SCOPES.keys()))


@lru_cache(maxsize=1024)
def intersect_scope(scope: str, bound: str) -> str:
    """The part of a scope that lies within another."""
    return scope if scope == bound else format_scope(parse_scope(scope) & parse_scope(bound))


@lru_cache(maxsize=1024)
def reaches_memories(scopes: frozenset[str]) -> bool:
    """Whether any of the scopes looks through mementos, so that the person has to choose some."""
    return any(name.startswith("memories:") for name in scopes)
