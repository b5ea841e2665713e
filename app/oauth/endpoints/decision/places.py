"""Where an app will use what it is allowed: at our own resources, or at somebody else's service, which is named."""

from collections.abc import Collection

from msgspec import Struct
from sqlalchemy import select

from app.clients.models import Client, ClientResource
from app.clients.trust import find_trust
from app.clients.uri import cut
from app.config import settings
from app.consents.resources import API, MCP
from app.extensions import db
from app.oauth.resources import address_of


class Place(Struct, frozen=True):
    """A resource other than the API. ``shown`` is its address without the scheme, beginning with the host.

    ``service`` and ``organization`` are the names of its app and of whose that is, None for our memory server for
    agents. ``is_new`` when the app was not allowed it before.
    """

    name: str
    shown: str
    is_loopback: bool
    service: str | None
    organization: str | None
    is_new: bool

    @property
    def facts(self) -> list[str | None]:
        """What must still be true when the person has answered."""
        return [self.name, self.shown, self.service, self.organization]


def list_places(names: Collection[str], before: Collection[str] = ()) -> list[Place]:
    """Returns the places that these names of resources stand for, ours first; of what has ended there is nothing to say."""
    own = [_own(before)] if MCP in names else []
    of_services = [name for name in names if name not in (API, MCP)]
    if not of_services:
        return own
    rows = db.session.execute(
        select(ClientResource, Client)
        .join(Client, Client.key == ClientResource.client_key)
        .where(ClientResource.id.in_(of_services))
        .where(ClientResource.ended_at.is_(None), Client.suspended_at.is_(None))
        .order_by(ClientResource.address)
    )
    return own + [_of_service(resource, client, before) for resource, client in rows]


def _own(before: Collection[str]) -> Place:
    shown = _without_scheme(address_of(MCP, settings().issuer))
    return Place(MCP, shown, False, None, None, is_new=MCP not in before)


def _of_service(resource: ClientResource, client: Client, before: Collection[str]) -> Place:
    return Place(
        resource.id,
        _without_scheme(resource.address),
        cut(resource.address).is_loopback,
        client.name,
        find_trust(client).by,
        is_new=resource.id not in before,
    )


def _without_scheme(address: str) -> str:
    return address.partition("://")[2]
