"""Which resources a consent was given for (:rfc:`8707`), by the short names under which they are stored."""

from collections.abc import Iterable

#: The resource API, ``<issuer>/api/v1``.
API = "api"
#: Our memory server for the Model Context Protocol, ``<issuer>/mcp``.
MCP = "mcp"
#: How many a consent names at most: its column has room for more, each being 28 characters long.
MOST_RESOURCES = 30


def parse_resources(text: str) -> frozenset[str]:
    """Returns the names in a consent's column. An empty one was written before there was a choice: it means the API."""
    return frozenset(text.split()) or frozenset({API})


def format_resources(resources: Iterable[str]) -> str:
    """Returns the names as a consent's column holds them."""
    return " ".join(sorted(resources))


def join_resources(before: Iterable[str], now: Iterable[str]) -> str:
    """Returns what a consent names from now on. Of too many, some of before are left out: for these it asks again."""
    names = dict.fromkeys([*sorted(now), *sorted(before)])
    return format_resources(list(names)[:MOST_RESOURCES])
