"""Several secrets of one client side by side, so that a new one can be deployed before the old one ends."""

from datetime import datetime

from sqlalchemy import or_, select

from app import clock
from app.clients.events import record_client_event
from app.clients.fields import ClientError
from app.clients.models import Client, ClientSecret
from app.clients.registration import add_client_secret, lock_client
from app.extensions import db
from app.sentences import _

MOST_LIVE_SECRETS = 5


def list_live_secrets(client_key: str) -> list[ClientSecret]:
    """The secrets that work now, in the order in which they were made."""
    return list(
        db.session.scalars(
            select(ClientSecret)
            .where(
                ClientSecret.client_key == client_key,
                ClientSecret.revoked_at.is_(None),
                or_(ClientSecret.expires_at.is_(None), ClientSecret.expires_at > clock.now()),
            )
            .order_by(ClientSecret.created_at, ClientSecret.id)
        )
    )


def add_another_secret(
    client: Client, *, actor_user_id: str | None, label: str = "", secret_id: str | None = None
) -> tuple[ClientSecret, str]:
    """One more secret, added to the session, and its plain text; the others go on working.

    ``secret_id`` may be chosen beforehand, so that what is sent twice collides. Raises :class:`ClientError`.
    """
    if not client.is_confidential:
        raise ClientError("type", _("This app is public, so it has no secret."))
    lock_client(client)
    # Counted first: what was sent twice must collide, also when it was the last that there was room for.
    if len(list_live_secrets(client.key)) >= MOST_LIVE_SECRETS and not _exists(secret_id):
        raise ClientError(
            "label",
            _(
                "The app has %(most)s secrets that work; retire one first.",
                most=MOST_LIVE_SECRETS,
            ),
        )
    secret, plain = add_client_secret(client, actor_user_id=actor_user_id, label=label, secret_id=secret_id)
    record_client_event("client.secret_added", client, actor_user_id, **_named(secret))
    return secret, plain


def find_client_secret(client: Client, secret_id: str) -> ClientSecret | None:
    """The client's secret with this id, if it still works."""
    return next((secret for secret in list_live_secrets(client.key) if secret.id == secret_id), None)


def end_client_secret(
    client: Client, secret: ClientSecret, expires_at: datetime | None, *, actor_user_id: str | None
) -> None:
    """Give the secret an end, or with None take it back. Raises :class:`ClientError` for one that is past."""
    if expires_at is not None and expires_at <= clock.now():
        raise ClientError("ends_on", _("That day is over: choose today or a later one, or retire the secret now."))
    if expires_at == secret.expires_at:
        return
    secret.expires_at = expires_at
    until = expires_at and expires_at.isoformat(timespec="seconds")
    record_client_event("client.secret_end_set", client, actor_user_id, **_named(secret), expires_at=until)


def retire_client_secret(client: Client, secret: ClientSecret, *, actor_user_id: str | None) -> None:
    """End the secret now."""
    secret.revoked_at = clock.now()
    record_client_event("client.secret_retired", client, actor_user_id, **_named(secret))


def _exists(secret_id: str | None) -> bool:
    return db.session.scalar(select(ClientSecret.id).where(ClientSecret.id == (secret_id or ""))) is not None


def _named(secret: ClientSecret) -> dict[str, str]:
    return {"secret_id": secret.id, "hint": secret.hint, "label": secret.label}
