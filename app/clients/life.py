"""The life of a client: activated, suspended, resumed, and ended when it is deleted."""

from collections.abc import Callable, Collection
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app import clock
from app.clients.events import record_client_event
from app.clients.lock import lock_client
from app.clients.models import (
    Client,
    ClientDocument,
    ClientKeys,
    ClientLogo,
    ClientOrigin,
    ClientSecret,
    SelfRegistration,
)
from app.clients.registration import check_client
from app.clients.resources.lookup import end_resources
from app.clients.secrets import add_client_secret
from app.config import Settings
from app.database.locks import ORDER
from app.database.patience import take_time


class EndedBy(StrEnum):
    """Who ended a client: an admin of its organization, an operator, the client itself, or nobody, by using it no more."""

    ADMIN = "admin"
    OPERATOR = "operator"
    APP = "app"
    DISUSE = "disuse"


#: What a package does when a client ends: it is given the session, the client's key and who did it.
Ending = Callable[[Session, str, EndedBy], None]

#: Which table of :data:`app.database.locks.ORDER` one comes to first -> what is done.
_endings: dict[str, Ending] = {}


def when_client_ends(first: str) -> Callable[[Ending], Ending]:
    """Have a function called whenever a client ends, so that each package removes what it keeps for clients itself.

    ``first`` is the table that it locks first. They are called in that order, whichever was imported before.
    """

    def decorate(act: Ending) -> Ending:
        _endings[first] = act
        return act

    return decorate


def activate_client(
    session: Session,
    settings: Settings,
    client: Client,
    *,
    actor_user_id: str | None,
    may_lack: Collection[str] = (),
) -> str | None:
    """Let a draft work from now on. Returns the plain secret that a confidential one gets thereby.

    Raises :class:`app.clients.errors.ClientError` when it lacks something, but for these fields.
    """
    lock_client(session, client)
    if client.drafted_at is None:
        return None
    check_client(settings, client, may_lack=may_lack)
    client.drafted_at = client.suspended_at = None
    secret = add_client_secret(session, client, actor_user_id=actor_user_id)[1] if client.is_confidential else None
    record_client_event(session, "client.activated", client, actor_user_id)
    return secret


def suspend_client(session: Session, client: Client, *, actor_user_id: str | None) -> None:
    """Stop the client at once: it gets no tokens, and those it has do not work. Consents stay.

    One whose document is gone stays stopped from now on, also when the document comes back.
    """
    lock_client(session, client)
    if client.suspended_at is None or client.suspended_at == _find_withdrawn_at(session, client):
        client.suspended_at = clock.now()
        record_client_event(session, "client.suspended", client, actor_user_id)


def resume_client(session: Session, client: Client, *, actor_user_id: str | None) -> None:
    """Let a suspended client go on where it was stopped. A draft stays one, and one whose document is gone stays stopped."""
    lock_client(session, client)
    withdrawn_at = _find_withdrawn_at(session, client)
    if client.suspended_at != withdrawn_at and client.drafted_at is None:
        client.suspended_at = withdrawn_at
        record_client_event(session, "client.resumed", client, actor_user_id)


def _find_withdrawn_at(session: Session, client: Client) -> datetime | None:
    """Returns since when the document of a locked client is gone; None where it is there, or there never was one."""
    document = session.get(ClientDocument, client.key, populate_existing=True)
    return None if document is None else document.withdrawn_at


def delete_client(session: Session, client: Client, *, actor_user_id: str | None) -> None:
    """End the client, and write down who did it."""
    lock_client(session, client)
    record_client_event(session, "client.deleted", client, actor_user_id, name=client.name)
    end_client(session, client, by=EndedBy.OPERATOR if actor_user_id is None else EndedBy.ADMIN)


def end_client(session: Session, client: Client, *, by: EndedBy) -> None:
    """End the client with its secrets, tokens and consents, so that nobody can tell it from one that never was.

    Only the people who had it connected still see its name, beside what they allowed it and what it did.
    """
    lock_client(session, client)
    take_time()
    for model in (ClientSecret, ClientKeys, ClientLogo, ClientOrigin):
        _delete_of(session, model, client)
    end_resources(session, client)
    for first in sorted(_endings, key=ORDER.index):
        _endings[first](session, client.key, by)
    _delete_of(session, SelfRegistration, client)
    client.organization_id = client.drafted_at = client.review_at = None
    client.description = client.homepage_url = client.privacy_url = client.terms_url = ""
    client.redirect_uris, client.scope, client.optional_scope = [], "", ""
    client.ended_at = clock.now()
    client.suspended_at = client.suspended_at or client.ended_at
    session.flush()
    session.expire(client)


def _delete_of(session: Session, model: type[Any], client: Client) -> None:
    of_client = delete(model).where(model.client_key == client.key)
    session.execute(of_client, execution_options={"synchronize_session": False})
