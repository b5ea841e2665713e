"""Resource indicators (:rfc:`8707`): which resource an address names, and which of several a token is for.

A resource has a short name, under which it is stored, and an address, which is its identifier on the wire. A token is
for one of them, and is no good at any other. What was asked for stands with the code and the refresh token as names
with a space between, the one that was used last first.
"""

from app.consents.resources import API, MCP
from app.oauth.refusals import Reason, refuse

#: Where the metadata of resources stand; what comes after an issuer's address in a resource's is added.
METADATA_ROOT = "{issuer}/.well-known/oauth-protected-resource"
_PATHS = {API: "/api/v1", MCP: "/mcp"}
#: What follows the issuer's address in all the addresses that a client may use.
_NAMES = {"": API, "/": API, "/api": API, "/api/": API, "/api/v1": API, "/api/v1/": API, "/mcp": MCP}


def address_of(name: str, issuer: str) -> str:
    """Returns a resource's identifier, as metadata and ``aud`` tell it."""
    return issuer + _PATHS[name]


def metadata_address(name: str, issuer: str) -> str:
    """Returns where a resource's metadata stand (:rfc:`9728#section-3.1`); those of the API are also at the root.

    Its ``/api/me/`` lies outside ``/api/v1``, so a challenge of the API leads there.
    """
    return METADATA_ROOT.format(issuer=issuer) + ("" if name == API else _PATHS[name])


def find_resource(address: str, issuer: str) -> str | None:
    """Returns the name of the resource that an address stands for, character for character; None for any other."""
    return _NAMES.get(address.removeprefix(issuer)) if address.startswith(issuer) else None


def read_resources(addresses: str | None, issuer: str) -> tuple[str, ...]:
    """Returns the names of the resources that were sent, each once; the API when none was. Raises a refusal."""
    found = [find_resource(address, issuer) for address in (addresses or issuer).split(" ")]
    if None in found:
        raise refuse(Reason.RESOURCE_UNKNOWN)
    return tuple(dict.fromkeys(name for name in found if name is not None))


def choose_resource(asked: str, address: str | None, issuer: str) -> str:
    """Returns the resource that a token is to be for, one of those that were ``asked`` for at the beginning.

    Without an ``address`` it is the first of them. Raises a refusal (:rfc:`8707#section-2.2`).
    """
    names = asked.split(" ")
    if address is None:
        return names[0]
    chosen = read_resources(address, issuer)
    if len(chosen) > 1:
        raise refuse(Reason.RESOURCE_SEVERAL)
    if chosen[0] not in names:
        raise refuse(Reason.RESOURCE_NOT_ASKED)
    return chosen[0]


def put_first(name: str, asked: str) -> str:
    """Returns what was asked for with the resource first that is used now."""
    return asked if asked == name else " ".join([name, *(other for other in asked.split(" ") if other != name)])


def format_asked(names: tuple[str, ...]) -> str:
    """Returns what a code keeps: the API first, which is meant where nobody says which."""
    return " ".join(sorted(names))
