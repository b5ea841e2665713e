"""An app as the commands print it."""

from datetime import datetime
from typing import Any

from app.clients.fields import FIELDS
from app.clients.models import REGISTERED, Client, ClientDocument
from app.clients.secrets import list_live_secrets
from app.extensions import db
from app.org.listing import read_row, select_rows

# These stand before what is registered.
_FIRST = ("name", "type")


def describe_client(client: Client) -> dict[str, Any]:
    """Returns everything about an app but its secrets, each field by the name of its column."""
    registered = {one.column: getattr(client, one.column) for one in FIELDS if one.name not in _FIRST}
    return {
        "client_id": client.client_id,
        "name": client.name,
        "type": client.type,
        "status": client.status,
        "origin": client.origin,
        "organization": client.organization and client.organization.slug,
        "description": registered.pop("description"),
        "logo": client.logo.digest if client.logo else None,
        **registered,
        "unproved_resources": [one.address for one in client.resource_rows if one.proved_at is None],
        "created_at": instant(client.created_at),
        "version": client.version,
        "secrets": [
            {
                "id": secret.id,
                "label": secret.label,
                "hint": secret.hint,
                "created_at": instant(secret.created_at),
                "expires_at": instant(secret.expires_at),
                "last_used_at": instant(secret.last_used_at),
            }
            for secret in list_live_secrets(db.session(), client.key)
        ],
    }


def describe_use(client: Client) -> dict[str, Any]:
    """Returns how many people have it connected now, when it was used last, and how it fares that nobody registered."""
    row = read_row(db.session.execute(select_rows().where(Client.key == client.key)).one())
    used = {"people": row.people, "last_used_at": instant(row.last_used_at)}
    if client.origin == REGISTERED:
        return used
    document = db.session.get(ClientDocument, client.key)
    return used | {
        "review_at": instant(client.review_at),
        "withdrawn_at": None if document is None else instant(document.withdrawn_at),
    }


def flat(described: dict[str, Any]) -> dict[str, Any]:
    """Returns the same, with each secret on one line and without what is empty."""
    secrets = [
        "{id} …{hint} {label}, last used {used}".format(**one, used=one["last_used_at"] or "never")
        for one in described["secrets"]
    ]
    return {name: value for name, value in (described | {"secrets": secrets}).items() if value not in ("", [], None)}


def instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")
