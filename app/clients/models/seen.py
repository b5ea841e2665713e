"""Clients that authenticated a moment ago, so that a write of theirs needs no look beforehand.

What is remembered answers nothing and refuses nothing. The write itself asks whether all that was seen is still so, in
the same statement; where it is not, whoever wanted to write looks the client up, as if nothing had been remembered.
"""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Insert, Label, and_, bindparam, literal_column, or_

from app import clock
from app.clients.models import CONFIDENTIAL, REGISTERED, Client, ClientSecret, ClientSnapshot
from app.clients.models.snapshot import CLIENT_COLUMNS
from app.clients.rows import insert_for_client
from app.credentials import digest
from app.last_uses import INTERVAL
from app.services import Services

# What nobody relies on unless they say so: where a person may be sent, how, and what they are shown. The key finds the
# row, and what implies_profile adds is in the scopes.
_NOT_RELIED_ON = frozenset(
    (
        *("key", "name", "redirect_uris", "native_app", "require_pkce", "require_pushed", "implies_profile"),
        "device_flow",
    )
)
#: What every client is that is remembered, as SQL: values of their own would cost more than all else of it.
_ALWAYS = {"origin": f"'{REGISTERED}'", "type": f"'{CONFIDENTIAL}'", "suspended_at": "NULL"}


class SeenClient(Struct, frozen=True):
    """A client as it was seen, with a live secret, and the values that a statement compares it by."""

    # Shows none of its values.
    __repr__ = object.__repr__

    client: ClientSnapshot
    values: dict[str, Any]


def find_seen(services: Services, client_id: str, client_secret: str) -> SeenClient | None:
    """Returns the client with exactly this secret, if it authenticated a moment ago."""
    found: SeenClient | None = services.seen_clients.find((client_id, digest(client_secret)))
    return found


def remember_seen(services: Services, client: ClientSnapshot) -> None:
    """Remember a client that an organization registered, and that authenticated by its secret.

    Until the use of that secret is to be noted again, which whoever looks it up does.
    """
    if client.secret_digest is None or client.origin != REGISTERED or not client.is_confidential:
        return
    values = {f"seen_{name}": getattr(client, name) for name in _COLUMNS if name not in _ALWAYS}
    values["seen_secret"] = client.secret_digest
    at, used_at = clock.now(), client.secret_last_used_at
    until = (at if used_at is None or at - used_at >= INTERVAL else used_at) + INTERVAL
    services.seen_clients.remember((client.client_id, client.secret_digest), SeenClient(client, values), until)


def forget_seen(services: Services, seen: SeenClient) -> None:
    """Look this client up the next time."""
    services.seen_clients.forget((seen.client.client_id, seen.client.secret_digest))


def insert_while_seen(model: Any, names: Iterable[str]) -> Insert:
    """Returns what :func:`insert_for_client` does, for a :class:`SeenClient`, whose ``values`` it takes too, and the time ``at``.

    It inserts nothing unless all that was seen of the client is still so, and its secret is live.
    """
    return insert_for_client(model, names, is_as_seen())


def is_as_seen(*more: str) -> ColumnElement[bool]:
    """Returns the condition on a client and its secret that all is as it was seen; it takes the same values.

    ``more`` are the names of what is relied on beside what everybody relies on.
    """
    relied_on = [name for name in _COLUMNS if name in more or name not in _NOT_RELIED_ON]
    its_secret = and_(
        ClientSecret.digest == bindparam("seen_secret"),
        ClientSecret.client_key == Client.key,
        ClientSecret.revoked_at.is_(None),
        or_(ClientSecret.expires_at.is_(None), ClientSecret.expires_at > bindparam("at")),
    )
    return and_(*[_is_same(name, _COLUMNS[name]) for name in relied_on], its_secret)


def _is_same(name: str, column: Any) -> ColumnElement[bool]:
    seen: Any = bindparam(f"seen_{name}", type_=column.type)
    if name in _ALWAYS:
        seen = literal_column(_ALWAYS[name])
    is_same: ColumnElement[bool] = column == seen
    if getattr(column, "nullable", False):
        is_same = column.is_not_distinct_from(seen)
    return is_same


_COLUMNS: dict[str, Any] = {
    column.key: column.element if isinstance(column, Label) else column for column in CLIENT_COLUMNS
}
