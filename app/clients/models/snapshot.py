"""A client with the secret it showed, as the hot path looks it up: one SELECT, without a session."""

import hmac
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import and_, bindparam, or_, select

from app import clock
from app.clients.models.client import Client
from app.clients.models.rules import ClientRules
from app.clients.models.secret import ClientSecret
from app.credentials import digest
from app.database.connections import Connection
from app.database.statements import Statement
from app.last_uses import Used

# Compared when there is no client or no such secret, so that every refusal does the same work.
_NO_DIGEST = digest("")


class ClientSnapshot(ClientRules, Struct):
    """A client as one SELECT saw it, for the hot path: no session, no lazy loading."""

    # Shows none of its values.
    __repr__ = object.__repr__

    key: str
    client_id: str
    origin: str
    organization_id: str | None
    name: str
    type: str
    redirect_uris: list[str]
    scope: str
    native_app: bool
    require_pkce: bool
    require_pushed: bool
    optional_scope: str
    implies_profile: bool
    device_flow: bool
    access_token_lifetime: int | None
    refresh_token_lifetime: int | None
    suspended_at: datetime | None
    secret_digest: str | None = None
    secret_last_used_at: datetime | None = None

    def check_client_secret(self, client_secret: str) -> bool:
        """Returns whether the presented secret is the live one this snapshot was looked up with."""
        is_equal = hmac.compare_digest(self.secret_digest or _NO_DIGEST, digest(client_secret))
        return is_equal and self.secret_digest is not None

    @staticmethod
    def check_unknown_secret(client_secret: str) -> bool:
        """Returns the comparison that an unknown client's secret gets, so that it takes as long as a known one's."""
        return hmac.compare_digest(_NO_DIGEST, digest(client_secret)) and False


#: The columns of :class:`ClientSnapshot`, but for those of a secret that came with it.
CLIENT_COLUMNS = (
    Client.key,
    Client.client_id,
    Client.origin,
    Client.organization_id,
    Client.name,
    Client.type,
    Client.redirect_uris,
    Client.scope.label("scope"),
    Client.native_app,
    Client.require_pkce,
    Client.require_pushed,
    Client.optional_scope.label("optional_scope"),
    Client.implies_profile,
    Client.device_flow,
    Client.access_token_lifetime,
    Client.refresh_token_lifetime,
    Client.suspended_at,
)

#: By the parameters ``client_id``, ``secret_digest`` and ``at``.
SELECT_CLIENT = (
    select(
        *CLIENT_COLUMNS,
        ClientSecret.digest.label("secret_digest"),
        ClientSecret.last_used_at.label("secret_last_used_at"),
    )
    .select_from(Client)
    .outerjoin(
        ClientSecret,
        and_(
            ClientSecret.digest == bindparam("secret_digest"),
            ClientSecret.client_key == Client.key,
            ClientSecret.revoked_at.is_(None),
            or_(ClientSecret.expires_at.is_(None), ClientSecret.expires_at > bindparam("at")),
        ),
    )
    .where(Client.client_id == bindparam("client_id"), Client.ended_at.is_(None))
)
_FIND_CLIENT = Statement(SELECT_CLIENT, row=ClientSnapshot)


SECRET_USED = Used(ClientSecret.digest, ClientSecret.last_used_at)


def find_client(connection: Connection, client_id: str, client_secret: str = "") -> ClientSnapshot | None:
    """Returns the client, and with it the live secret that ``client_secret`` is, if it is one; None when it has ended."""
    found: ClientSnapshot | None = connection.first(_FIND_CLIENT, **client_values(client_id, client_secret))
    return found


def client_values(client_id: str, client_secret: str) -> dict[str, Any]:
    """Returns the values of :data:`SELECT_CLIENT`."""
    secret_digest = digest(client_secret) if client_secret else ""
    return {"client_id": client_id, "secret_digest": secret_digest, "at": clock.now()}
