"""One change to a client at a time."""

from sqlalchemy.orm import Session

from app.clients.errors import ClientGone
from app.clients.models import Client
from app.database.locks import CHANGES


def lock_client(session: Session, client: Client) -> None:
    """See the client as it is now, and let nobody else change it until this transaction ends.

    Raises :class:`ClientGone` when it was deleted meanwhile.
    """
    session.flush()
    session.refresh(client, with_for_update=CHANGES)
    if client.ended_at is not None:
        raise ClientGone
