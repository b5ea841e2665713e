"""Activating, suspending and deleting a client, and ending all that it holds."""

from collections.abc import Collection

from sqlalchemy import delete, select, update

from app import clock
from app.clients.events import record_client_event
from app.clients.models import Client
from app.clients.registration import add_client_secret, check_client, lock_client, rotate_client_secret
from app.consents.changes import end_consents_of_client
from app.consents.events import ADMIN, OPERATOR
from app.consents.models import Consent
from app.database.session_connection import SessionConnection
from app.extensions import db
from app.oauth.tokens.code import TokenFamily
from app.oauth.tokens.token import AccessToken


def activate_client(client: Client, *, actor_user_id: str | None, may_lack: Collection[str] = ()) -> str | None:
    """Let a draft work from now on; the plain secret that a confidential one gets thereby.

    Raises :class:`app.clients.fields.ClientError` when it lacks something, but for these fields.
    """
    lock_client(client)
    if client.drafted_at is None:
        return None
    check_client(client, may_lack=may_lack)
    client.drafted_at = client.suspended_at = None
    secret = add_client_secret(client, actor_user_id=actor_user_id)[1] if client.is_confidential else None
    record_client_event("client.activated", client, actor_user_id)
    return secret


def suspend_client(client: Client, *, actor_user_id: str | None) -> None:
    """Stop the client at once: it gets no tokens, and those it has do not work. Consents stay."""
    lock_client(client)
    if client.suspended_at is None:
        client.suspended_at = clock.now()
        record_client_event("client.suspended", client, actor_user_id)


def resume_client(client: Client, *, actor_user_id: str | None) -> None:
    """Let a suspended client go on where it was stopped. A draft stays one."""
    lock_client(client)
    if client.suspended_at is not None and client.drafted_at is None:
        client.suspended_at = None
        record_client_event("client.resumed", client, actor_user_id)


def rotate_everything(client: Client, *, actor_user_id: str | None, secret_id: str | None = None) -> str | None:
    """End every secret, code and token of the client now; the new plain secret, None for a public client.

    Consents stay: people need not decide again. ``secret_id`` may be chosen beforehand, so that
    what is sent twice collides.
    """
    secret = None
    if client.is_confidential:
        secret = rotate_client_secret(client, actor_user_id=actor_user_id, secret_id=secret_id)[1]
    at = clock.now()
    consents = select(Consent.grant_id).where(Consent.client_id == client.client_id)
    db.session.execute(
        update(TokenFamily)
        .where(TokenFamily.grant_id.in_(consents), TokenFamily.revoked_at.is_(None))
        .values(revoked_at=at)
    )
    db.session.execute(
        update(AccessToken)
        .where(
            AccessToken.client_id == client.client_id,
            AccessToken.family_id.is_(None),
            AccessToken.revoked_at.is_(None),
        )
        .values(revoked_at=at)
    )
    record_client_event("client.tokens_ended", client, actor_user_id)
    return secret


def delete_client(client: Client, *, actor_user_id: str | None) -> None:
    """Delete the client with its secrets, tokens and consents. The audit log remembers it, and each person's events."""
    record_client_event("client.deleted", client, actor_user_id, name=client.name)
    actor = OPERATOR if actor_user_id is None else ADMIN
    end_consents_of_client(SessionConnection(db.session()), client.client_id, actor=actor)
    # Also what hangs on it, by the foreign keys; the ORM need not look at all of that first.
    db.session.flush()
    db.session.execute(delete(Client).where(Client.client_id == client.client_id))
    db.session.expunge(client)
