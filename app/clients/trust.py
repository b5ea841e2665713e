"""How a client came to be known, as the people who decide about it are told."""

from app.clients.models import DOCUMENT, Client
from app.clients.redirect_uris import host_of


def organization_name(client: Client) -> str | None:
    """The organization that registered the client; None for one that nobody registered, or that has ended."""
    return None if client.organization is None else client.organization.name


def document_host(client: Client) -> str | None:
    """The host whose page describes the client, which is all that is known of it; None for every other client."""
    return host_of(client.client_id) if client.origin == DOCUMENT else None
