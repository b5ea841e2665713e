"""Resource indicators (:rfc:`8707`): which resource an address names, and which of several a token is for.

A resource has a short name, under which it is stored, and an address, which is its identifier on the wire. A token is
for one of them, and is no good at any other. What was asked for stands with the code and the refresh token as names
with a space between, the one that was used last first.

Our own stand in a table below. The address of another service is looked up (:mod:`app.clients.resources.lookup`), and so is
whether its tokens are still good: a request that is about ours alone asks the database nothing.
"""

import re
from typing import NamedTuple

from app.clients.models import is_registered_name
from app.clients.resources.lookup import find_resource_at, find_resource_named
from app.consents.resources import API, MCP
from app.database.connections import Connection
from app.oauth.refusals import Reason, refuse

#: Where the metadata of resources stand; what comes after an issuer's address in a resource's is added.
METADATA_ROOT = "{issuer}/.well-known/oauth-protected-resource"
#: How many one authorization request may name. Each is a line on the screen.
MOST_RESOURCES = 10
_PATHS = {API: "/api/v1", MCP: "/mcp"}
#: What follows the issuer's address in all the addresses that a client may use.
_NAMES = {
    **dict.fromkeys(("", "/", "/api", "/api/", "/api/v1", "/api/v1/"), API),
    # Agents are answered there with a slash too, and ask for a token for the address that somebody typed.
    **dict.fromkeys(("/mcp", "/mcp/"), MCP),
}
_ORIGIN = re.compile(r"\A[A-Za-z]+://[^/?#]+")


class Resource(NamedTuple):
    """A resource that a token may be for: its name, and its identifier as metadata and ``aud`` tell it."""

    name: str
    address: str

    @property
    def location(self) -> str:
        """Where mementos are used with its tokens, as ``authorization_details`` tell it."""
        return f"{self.address}/" if self.name == API else self.address


def own_resource(name: str, issuer: str) -> Resource:
    """Returns one of our own resources."""
    return Resource(name, address_of(name, issuer))


def address_of(name: str, issuer: str) -> str:
    """Returns the identifier of one of our own resources."""
    return issuer + _PATHS[name]


def metadata_address(name: str, issuer: str) -> str:
    """Returns where a resource's metadata stand (:rfc:`9728#section-3.1`); those of the API are also at the root.

    Its ``/api/me/`` lies outside ``/api/v1``, so a challenge of the API leads there.
    """
    return METADATA_ROOT.format(issuer=issuer) + ("" if name == API else _PATHS[name])


def find_own_resource(address: str, issuer: str) -> str | None:
    """Returns the name of the resource of ours that an address stands for; else None.

    Scheme and host may be in capitals, which mean the same (:rfc:`3986#section-6.2.2.1`); all else counts to the letter.
    """
    if not address.startswith(issuer):
        address = _in_small_letters(address)
    return _NAMES.get(address.removeprefix(issuer)) if address.startswith(issuer) else None


def find_resource(connection: Connection, name: str, issuer: str) -> Resource | None:
    """Returns the resource that is stored under a name; None for one that has ended, or is switched off."""
    if not is_registered_name(name):
        return own_resource(name, issuer)
    found = find_resource_named(connection, name)
    return None if found is None else Resource(found.id, found.address)


def read_resources(addresses: str | None, issuer: str, connection: Connection) -> tuple[Resource, ...]:
    """Returns the resources that were sent, each once; the API when none was. Raises a refusal."""
    sent = dict.fromkeys((addresses or issuer).split(" "))
    if len(sent) > MOST_RESOURCES:
        raise refuse(Reason.RESOURCE_TOO_MANY, most=MOST_RESOURCES)
    found = [_read_resource(address, issuer, connection) for address in sent]
    return tuple({one.name: one for one in found}.values())


def _read_resource(address: str, issuer: str, connection: Connection) -> Resource:
    name = find_own_resource(address, issuer)
    if name is not None:
        return own_resource(name, issuer)
    registered = find_resource_at(connection, address)
    if registered is None and (small := _in_small_letters(address)) != address:
        registered = find_resource_at(connection, small)
    if registered is None:
        raise refuse(Reason.RESOURCE_UNKNOWN)
    return Resource(registered.id, registered.address)


def _in_small_letters(address: str) -> str:
    """Returns the address with its scheme and host so."""
    return _ORIGIN.sub(lambda found: found[0].lower(), address, count=1)


def choose_resource(asked: str | None, address: str | None, issuer: str, connection: Connection) -> Resource:
    """Returns the resource that a token is to be for, one of those that were ``asked`` for at the beginning.

    Without an ``address`` it is the first of them. Where nobody was asked, ``asked`` is None: then it may be any, and
    without an address the API. Raises a refusal (:rfc:`8707#section-2.2`).
    """
    names = None if asked is None else asked.split(" ")
    if address is None and names is not None:
        first = find_resource(connection, names[0], issuer)
        if first is None:
            raise refuse(Reason.RESOURCE_GONE)
        return first
    chosen = read_resources(address, issuer, connection)
    if len(chosen) > 1:
        raise refuse(Reason.RESOURCE_SEVERAL)
    if names is not None and chosen[0].name not in names:
        raise refuse(Reason.RESOURCE_NOT_ASKED)
    return chosen[0]


def put_first(name: str, asked: str) -> str:
    """Returns what was asked for with the resource first that is used now."""
    return asked if asked == name else " ".join([name, *(other for other in asked.split(" ") if other != name)])


def format_asked(names: tuple[str, ...]) -> str:
    """Returns what a code keeps: the API first, which is meant where nobody says which."""
    return " ".join(sorted(names))
