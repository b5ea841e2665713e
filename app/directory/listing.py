"""Public apps, a page of them, and how many people use each."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from app.accounts.models import Organization
from app.clients.models import Client
from app.clients.published import is_public
from app.consents.live import is_live
from app.consents.models import Consent
from app.extensions import db
from app.folding import holds, spell

PAGE_SIZE = 8
#: Fewer people than this are not counted out: they may know each other.
LEAST_COUNTED = 5


class Listed(Struct, frozen=True):
    """A public app. ``people`` is None while few use it."""

    client: Client
    organization: str
    people: int | None


def list_public_apps(question: str, page: int) -> tuple[list[Listed], bool]:
    """Returns a page of the public apps that a question finds, by name, and whether there are more."""
    rows = db.session.execute(
        select(Client.key, Client.name, Client.description, Organization.name.label("organization"))
        .join(Organization, Organization.id == Client.organization_id)
        .where(is_public())
    ).all()
    found = [row for row in rows if not question or holds(f"{row.name} {row.description} {row.organization}", question)]
    found.sort(key=lambda row: (spell(row.name), row.name, row.key))
    shown = found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    return _read([row.key for row in shown]), len(found) > page * PAGE_SIZE


def _read(keys: Sequence[str]) -> list[Listed]:
    clients = db.session.scalars(
        select(Client).where(Client.key.in_(keys)).options(joinedload(Client.organization), joinedload(Client.logo))
    )
    by_key = {client.key: client for client in clients}
    people = dict(
        db.session.execute(
            select(Consent.client_key, func.count(Consent.user_id.distinct()))
            .where(Consent.client_key.in_(keys), is_live(Consent))
            .group_by(Consent.client_key)
        ).all()
    )
    return [_describe(by_key[key], people.get(key, 0)) for key in keys if key in by_key]


def _describe(client: Client, people: int) -> Listed:
    return Listed(
        client, client.organization.name if client.organization else "", people if people >= LEAST_COUNTED else None
    )
