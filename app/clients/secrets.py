"""Several secrets of one client side by side, so that a new one can be deployed before the old one ends."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from app import clock, credentials
from app.clients.errors import ClientError
from app.clients.events import record_client_event
from app.clients.field_problems import check_label
from app.clients.lock import lock_client
from app.clients.models import Client, ClientSecret
from app.database.locks import to_change
from app.sentences import _

MOST_LIVE_SECRETS = 5


def list_live_secrets(session: Session, client_key: str) -> list[ClientSecret]:
    """Returns the secrets that work now, in the order in which they were made."""
    live = select(ClientSecret).where(ClientSecret.client_key == client_key, _is_live())
    return list(session.scalars(live.order_by(ClientSecret.created_at, ClientSecret.id)))


def count_live_secrets(session: Session, client_keys: Sequence[str]) -> int:
    """Returns how many secrets of these clients work now."""
    live = select(func.count()).where(ClientSecret.client_key.in_(client_keys), _is_live())
    return session.scalar(live) or 0


def _is_live() -> ColumnElement[bool]:
    has_time = or_(ClientSecret.expires_at.is_(None), ClientSecret.expires_at > clock.now())
    return and_(ClientSecret.revoked_at.is_(None), has_time)


def add_client_secret(
    session: Session,
    client: Client,
    *,
    actor_user_id: str | None,
    label: str = "",
    secret_id: str | None = None,
) -> tuple[ClientSecret, str]:
    """Returns a new secret, added to the session, and its plain text. The others stay, and nothing is recorded."""
    plain = credentials.new_credential(credentials.CLIENT_SECRET)
    secret = ClientSecret(
        id=secret_id or credentials.new_id("sec"),
        digest=credentials.digest(plain),
        hint=credentials.hint(plain),
        label=check_label(label),
        client_key=client.key,
        created_by_user_id=actor_user_id,
    )
    session.add(secret)
    session.flush()
    return secret, plain


def rotate_client_secret(
    session: Session, client: Client, *, actor_user_id: str | None, secret_id: str | None = None
) -> tuple[ClientSecret, str]:
    """Returns a new secret, added to the session, and its plain text; every earlier secret of the client ends now.

    ``secret_id`` may be chosen beforehand, so that what is sent twice collides instead of rotating twice.
    Raises :class:`ClientError` for a public client.
    """
    if not client.is_confidential:
        raise ClientError("type", _("This app is public, so it has no secret to rotate."))
    # Two rotations at the same moment take turns, so that only the later secret is left alive.
    lock_client(session, client)
    session.execute(
        update(ClientSecret)
        .where(ClientSecret.client_key == client.key, ClientSecret.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )
    secret, plain = add_client_secret(session, client, actor_user_id=actor_user_id, secret_id=secret_id)
    record_client_event(session, "client.secret_rotated", client, actor_user_id, secret_id=secret.id)
    return secret, plain


def rotate_every_secret(
    session: Session, clients: Sequence[Client], *, actor_user_id: str, id_for: Callable[[Client], str]
) -> list[tuple[Client, str]]:
    """Give each of these confidential clients a new secret; every earlier one ends now. The caller commits.

    Returns each client that is still there with the plain text of its secret. ``id_for`` chooses the new secrets' ids,
    so that what is sent twice collides instead of rotating twice.
    """
    keys = [client.key for client in clients if client.is_confidential]
    # All of them before the first secret is touched, and in the order in which anybody locks several.
    locked = select(Client).where(Client.key.in_(keys), Client.ended_at.is_(None)).order_by(Client.key)
    there = session.scalars(to_change(locked).execution_options(populate_existing=True)).all()
    session.execute(
        update(ClientSecret)
        .where(ClientSecret.client_key.in_([client.key for client in there]), ClientSecret.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )
    made = []
    for client in there:
        secret, plain = add_client_secret(session, client, actor_user_id=actor_user_id, secret_id=id_for(client))
        record_client_event(session, "client.secret_rotated", client, actor_user_id, secret_id=secret.id)
        made.append((client, plain))
    return made


def add_another_secret(
    session: Session,
    client: Client,
    *,
    actor_user_id: str | None,
    label: str = "",
    secret_id: str | None = None,
) -> tuple[ClientSecret, str]:
    """Returns one more secret, added to the session, and its plain text; the others go on working.

    ``secret_id`` may be chosen beforehand, so that what is sent twice collides. Raises :class:`ClientError`.
    """
    if not client.is_confidential:
        raise ClientError("type", _("This app is public, so it has no secret."))
    lock_client(session, client)
    # Counted first: what was sent twice must collide, also when it was the last that there was room for.
    if len(list_live_secrets(session, client.key)) >= MOST_LIVE_SECRETS and not _exists(session, secret_id):
        raise ClientError(
            "label",
            _(
                "The app has %(most)s secrets that work; retire one first.",
                most=MOST_LIVE_SECRETS,
            ),
        )
    secret, plain = add_client_secret(session, client, actor_user_id=actor_user_id, label=label, secret_id=secret_id)
    record_client_event(session, "client.secret_added", client, actor_user_id, **_named(secret))
    return secret, plain


def find_client_secret(
    session: Session, client: Client, secret_id: str, *, to_change: bool = False
) -> ClientSecret | None:
    """Returns the client's secret with this id, if it still works.

    To change it, its client is held until the transaction ends.
    """
    if to_change:
        lock_client(session, client)
    return next((secret for secret in list_live_secrets(session, client.key) if secret.id == secret_id), None)


def end_client_secret(
    session: Session, client: Client, secret: ClientSecret, expires_at: datetime | None, *, actor_user_id: str | None
) -> None:
    """Give the secret an end, or with None take it back. Raises :class:`ClientError` for one that is past."""
    if expires_at is not None and expires_at <= clock.now():
        raise ClientError("ends_on", _("That day is over: choose today or a later one, or retire the secret now."))
    if expires_at == secret.expires_at:
        return
    secret.expires_at = expires_at
    until = expires_at and expires_at.isoformat(timespec="seconds")
    record_client_event(session, "client.secret_end_set", client, actor_user_id, **_named(secret), expires_at=until)


def retire_client_secret(session: Session, client: Client, secret: ClientSecret, *, actor_user_id: str | None) -> None:
    """End the secret now."""
    secret.revoked_at = clock.now()
    record_client_event(session, "client.secret_retired", client, actor_user_id, **_named(secret))


def _exists(session: Session, secret_id: str | None) -> bool:
    return session.scalar(select(ClientSecret.id).where(ClientSecret.id == (secret_id or ""))) is not None


def _named(secret: ClientSecret) -> dict[str, str]:
    return {"secret_id": secret.id, "hint": secret.hint, "label": secret.label}
