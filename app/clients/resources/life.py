"""What an organization's admins do with the resource servers of a client: add one, prove it, remove it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.clients.address_problems import quoted
from app.clients.errors import ClientError
from app.clients.events import record_client_event
from app.clients.lock import lock_client
from app.clients.models import Client, ClientResource, match_address
from app.clients.resources.addresses import MAX_RESOURCES, find_place_problem, find_resource_problems
from app.clients.resources.lookup import demand_free
from app.clients.uri import cut
from app.config import Settings
from app.sentences import _


def add_resource(
    session: Session, settings: Settings, client: Client, address: str, *, actor_user_id: str | None
) -> ClientResource:
    """Add an address that is still to be proved. Returns its record. Raises :class:`ClientError`.

    One on this computer needs no proof: nobody else has this computer.
    """
    lock_client(session, client)
    sentence = _find_problem(settings, client, address)
    if sentence:
        raise ClientError("address", sentence)
    resource = ClientResource.at(address, proved_at=clock.now() if cut(address).scheme == "http" else None)
    client.resource_rows.append(resource)
    demand_free(session, client)
    record_client_event(session, "client.resource_added", client, actor_user_id, address=address)
    return resource


def prove_resource(session: Session, client: Client, resource: ClientResource, *, actor_user_id: str | None) -> None:
    """Let tokens be for it from now on. Raises :class:`ClientError` when it has become another client's."""
    lock_client(session, client)
    if resource.is_in_use:
        return
    resource.proved_at = clock.now()
    demand_free(session, client)
    record_client_event(session, "client.resource_proved", client, actor_user_id, address=resource.address)


def remove_resource(session: Session, client: Client, resource: ClientResource, *, actor_user_id: str | None) -> None:
    """End it at once: no token is for it any more, and its address is free."""
    lock_client(session, client)
    if resource.ended_at is None:
        resource.ended_at = clock.now()
        record_client_event(session, "client.resource_removed", client, actor_user_id, address=resource.address)


def find_client_resource(session: Session, client: Client, resource_id: str) -> ClientResource | None:
    """Returns a resource of the client's that has not ended, proved or not."""
    return session.scalar(
        select(ClientResource).where(
            ClientResource.id == resource_id,
            ClientResource.client_key == client.key,
            ClientResource.ended_at.is_(None),
        )
    )


def _find_problem(settings: Settings, client: Client, address: str) -> str | None:
    if not address:
        return _("Write the address of the service.")
    problem = next(iter(find_resource_problems([address])), None) or find_place_problem(address, settings.issuer)
    if problem:
        return problem
    if match_address(address) in {one.matched for one in client.resource_rows}:
        return _("%(uri)s is listed already.", uri=quoted(address))
    if len(client.resource_rows) >= MAX_RESOURCES:
        return _("There are %(count)s resource servers already, which is the most.", count=MAX_RESOURCES)
    return None
