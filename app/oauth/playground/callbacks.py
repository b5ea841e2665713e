"""Opening and closing the callback that the playground brings along for a trial of a client."""

from datetime import timedelta
from typing import Any

from sqlalchemy import CursorResult, delete, select

from app import clock
from app.clients.errors import ClientError
from app.clients.events import record_client_event
from app.clients.lock import lock_client
from app.clients.models import Client
from app.extensions import db
from app.oauth.playground.callback import PlaygroundCallback
from app.sentences import _

LIFETIME = timedelta(hours=1)


def open_callback(client: Client, redirect_uri: str, *, user_id: str) -> None:
    """Accept this address for the person's trial of the client, in place of any earlier, until that ends by itself.

    Raises :class:`ClientError` when the client does not work, so that nothing could be tried.
    """
    # Two clicks take turns, so that the later one finds what the earlier one left.
    lock_client(db.session(), client)
    if client.suspended_at is not None:
        raise ClientError("status", _("This app is suspended, so it cannot be tried. Resume it under Danger first."))
    _delete(client, user_id)
    until = clock.now() + LIFETIME
    db.session.add(
        PlaygroundCallback(client_key=client.key, user_id=user_id, redirect_uri=redirect_uri, expires_at=until)
    )
    record_client_event(
        db.session(),
        "client.playground_opened",
        client,
        user_id,
        redirect_uri=redirect_uri,
        expires_at=until.isoformat(timespec="seconds"),
    )


def close_callback(client: Client, *, user_id: str) -> None:
    """Accept the person's callback no longer."""
    lock_client(db.session(), client)
    if _delete(client, user_id):
        record_client_event(db.session(), "client.playground_closed", client, user_id)


def find_open_callback(client: Client, *, user_id: str) -> PlaygroundCallback | None:
    """Returns the person's callback for this client, while it holds."""
    return db.session.scalar(
        select(PlaygroundCallback).where(
            PlaygroundCallback.client_key == client.key,
            PlaygroundCallback.user_id == user_id,
            PlaygroundCallback.expires_at > clock.now(),
        )
    )


def _delete(client: Client, user_id: str) -> bool:
    mine = (PlaygroundCallback.client_key == client.key, PlaygroundCallback.user_id == user_id)
    gone: CursorResult[Any] = db.session.execute(delete(PlaygroundCallback).where(*mine))  # type: ignore[assignment]
    return gone.rowcount > 0
