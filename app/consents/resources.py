"""Which resources a consent was given for (:rfc:`8707`), by the short names under which they are stored."""

from collections.abc import Iterable

#: The resource API, ``<issuer>/api/v1``.
API = "api"
#: Our memory server for the Model Context Protocol, ``<issuer>/mcp``.
MCP = "mcp"


def parse_resources(text: str) -> frozenset[str]:
    """Returns the names in a consent's column. An empty one was written before there was a choice: it means the API."""
    return frozenset(text.split()) or frozenset({API})


def format_resources(resources: Iterable[str]) -> str:
    """Returns the names as a consent's column holds them."""
    return " ".join(sorted(resources))
