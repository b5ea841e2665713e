"""Registered resource servers: each address belongs to one client, which asks about the tokens for it.

A request that names an address outside this server, and what is issued or told for one, looks here; nothing else does.
"""

from msgspec import Struct
from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import clock
from app.clients.address_problems import quoted
from app.clients.errors import ClientError
from app.clients.models import Client, ClientResource, match_address
from app.database.connections import Connection
from app.database.rows import is_taken
from app.database.statements import Statement
from app.sentences import _

# -- for the protocol ----------------------------------------------------------------------------


class ResourceSnapshot(Struct):
    """A resource that tokens may be for now, as one SELECT saw it."""

    id: str
    address: str
    client_key: str


_IN_USE = (
    ClientResource.proved_at.is_not(None),
    ClientResource.ended_at.is_(None),
    Client.ended_at.is_(None),
    Client.suspended_at.is_(None),
)
_COLUMNS = (ClientResource.id, ClientResource.address, ClientResource.client_key)
_OF_CLIENT = select(*_COLUMNS).join(Client, Client.key == ClientResource.client_key)

_FIND_BY_ADDRESS = Statement(
    _OF_CLIENT.where(ClientResource.matched == bindparam("matched"), *_IN_USE), row=ResourceSnapshot
)
_FIND_BY_ID = Statement(_OF_CLIENT.where(ClientResource.id == bindparam("id"), *_IN_USE), row=ResourceSnapshot)


def find_resource_at(connection: Connection, address: str) -> ResourceSnapshot | None:
    """Returns the resource at an address; None when nobody has it, has proved it, or its client is switched off."""
    found: ResourceSnapshot | None = connection.first(_FIND_BY_ADDRESS, matched=match_address(address))
    return found


def find_resource_named(connection: Connection, name: str) -> ResourceSnapshot | None:
    """Returns the resource that is kept under a name, unless it has ended, or its client is switched off."""
    found: ResourceSnapshot | None = connection.first(_FIND_BY_ID, id=name)
    return found


# -- for its client's people -----------------------------------------------------------------------


def demand_free(session: Session, client: Client) -> None:
    """Write down what the client has now. Raises :class:`ClientError` for an address that belongs to another client."""
    # What is not free yet would be written down by the first look.
    with session.no_autoflush:
        ours = {one.matched: one.address for one in client.resource_rows if one.is_in_use}
        taken = session.scalars(
            select(ClientResource.matched).where(
                ClientResource.matched.in_(ours),
                ClientResource.client_key != client.key,
                ClientResource.proved_at.is_not(None),
                ClientResource.ended_at.is_(None),
            )
        ).all()
    problems = [("resources", _taken(ours[matched])) for matched in taken]
    if problems:
        raise ClientError(*problems[0], problems)
    try:
        session.flush()
    except IntegrityError as error:
        # Two clients at once: the index decides.
        if not is_taken(error, ClientResource.matched):
            raise
        session.rollback()
        raise ClientError("resources", _("One of the resources belongs to another app by now.")) from None


def end_resources(session: Session, client: Client) -> None:
    """End every resource of a client that ends. Their addresses are free; tokens for them are good for nothing."""
    session.execute(
        update(ClientResource)
        .where(ClientResource.client_key == client.key, ClientResource.ended_at.is_(None))
        .values(ended_at=clock.now()),
        execution_options={"synchronize_session": False},
    )


def _taken(address: str) -> str:
    return _("%(uri)s belongs to another app.", uri=quoted(address))
