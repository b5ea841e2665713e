"""Registering clients and changing them (:rfc:`6749#section-2`). Forms, commands and the protocol share these rules."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock, credentials
from app.accounts.models import Organization
from app.clients.errors import ClientChanged, ClientError
from app.clients.events import find_changes, record_client_event
from app.clients.fields import ClientFields
from app.clients.lock import lock_client
from app.clients.models import Client
from app.clients.resources.lookup import demand_free
from app.clients.secrets import add_client_secret
from app.config import Settings
from app.database.locks import to_change


def register_client(
    session: Session,
    settings: Settings,
    *,
    organization: Organization,
    draft: bool = False,
    actor_user_id: str | None = None,
    client_id: str | None = None,
    **fields: Any,
) -> tuple[Client, str | None]:
    """Register a client with these of the :class:`ClientFields`, added to the session.

    Returns it, and its secret in plain, which exists nowhere else. A public client has no secret, and a draft none
    yet: it may be incomplete, and works when it is activated. ``client_id`` may be chosen beforehand, so that what is
    sent twice collides instead of registering twice; one of a client that has ended is taken up again.
    Raises :class:`ClientError`.
    """
    checked = _check(ClientFields(**fields), settings, draft=draft)
    client = _new_client(session, client_id or credentials.new_id("client"))
    client.organization = organization
    for column, value in checked.columns().items():
        setattr(client, column, value)
    if draft:
        client.drafted_at = client.suspended_at = clock.now()
    demand_free(session, client)
    secret = None
    if client.is_confidential and not draft:
        _, secret = add_client_secret(session, client, actor_user_id=actor_user_id)
    details = {"draft": True} if draft else {}
    record_client_event(
        session, "client.registered", client, actor_user_id, name=client.name, type=client.type, **details
    )
    return client, secret


def update_client(
    session: Session,
    settings: Settings,
    client: Client,
    *,
    actor_user_id: str | None,
    version: int | None = None,
    **fields: Any,
) -> None:
    """Give the client these of its fields; the others, its type and its credentials stay.

    ``version`` is that of the client on which the change is based. Raises :class:`ClientError`, and
    :class:`ClientChanged` when the client has another version by now.
    """
    lock_client(session, client)
    checked = _check(ClientFields.of(client, **fields), settings, draft=client.drafted_at is not None)
    if version is not None and version != client.version:
        raise ClientChanged(find_changes(session, client, version))
    changes = {column: value for column, value in checked.columns().items() if getattr(client, column) != value}
    if not changes:
        return
    before = {column: getattr(client, column) for column in changes}
    for column, value in changes.items():
        setattr(client, column, value)
    if "resources" in changes:
        demand_free(session, client)
    client.version += 1
    record_client_event(
        session, "client.updated", client, actor_user_id, before=before, after=changes, version=client.version
    )


def check_client(settings: Settings, client: Client, *, may_lack: Collection[str] = ()) -> None:
    """Check a client. Raises :class:`ClientError` when it lacks what makes an app work, as a draft may; but for these fields."""
    fields = ClientFields.of(client)
    problems = fields.clean().find_problems(settings)
    problems = [problem for problem in problems if getattr(fields, problem[0]) or problem[0] not in may_lack]
    if problems:
        raise ClientError(*problems[0], problems)


def _new_client(session: Session, client_id: str) -> Client:
    """Returns a client of this id, in the session. One that had it and has ended begins anew, for the same people."""
    ended = session.scalar(to_change(select(Client).where(Client.client_id == client_id, Client.ended_at.is_not(None))))
    client = ended or Client(client_id=client_id)
    if ended is None:
        session.add(client)
    client.ended_at = client.suspended_at = None
    client.created_at = clock.now()
    return client


def _check(fields: ClientFields, settings: Settings, *, draft: bool) -> ClientFields:
    fields = fields.clean()
    problems = fields.find_problems(settings, draft=draft)
    if problems:
        raise ClientError(*problems[0], problems)
    return fields
