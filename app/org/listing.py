"""An organization's apps, found and counted a page at a time, in a few statements however many there are."""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Row, Select, and_, func, select
from sqlalchemy.orm import selectinload

from app import text
from app.clients.errors import ClientError
from app.clients.models import CONFIDENTIAL, Client, ClientLogo, ClientSecret
from app.consents.live import is_live
from app.consents.models import Consent
from app.extensions import db
from app.folding import holds
from app.paging import count_pages
from app.sentences import _

PAGE_SIZE = 25
STATUSES = ("active", "suspended", "draft")
#: So many apps one organization has at most, each with a logo: whoever has an account could fill the disk.
MOST_APPS = 1000
# A client id that is an address may be as long.
_MOST_QUERY_LENGTH = 500
# SQLite takes few more values in one statement.
_MOST_FOUND = 30_000


class ClientRow(Struct, frozen=True):
    """One app as the list shows it. ``people`` is how many have it connected now, ``resources`` what it is the server of."""

    client_id: str
    origin: str
    name: str
    type: str
    status: str
    created_at: datetime
    last_used_at: datetime | None
    people: int
    logo_digest: str | None
    resources: tuple[str, ...]


class Listing(Struct, frozen=True):
    """One page of the list. Pages count from 1."""

    rows: list[ClientRow]
    total: int
    page: int

    @property
    def pages(self) -> int:
        return count_pages(self.total, PAGE_SIZE)


def read_listing(organization_id: str, *, query: str = "", status: str = "", page: int = 1) -> Listing:
    """Returns the organization's apps by name; those whose name or id holds the query, of one status or of all."""
    own = and_(Client.organization_id == organization_id, Client.ended_at.is_(None))
    condition = and_(own, has_words(own, query), has_status(status))
    total = db.session.scalar(select(func.count()).select_from(Client).where(condition)) or 0
    page = min(page, count_pages(total, PAGE_SIZE))
    rows = db.session.execute(select_rows().where(condition).limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE))
    return Listing([read_row(row) for row in rows], total, page)


def demand_room(organization_id: str) -> None:
    """Raises :class:`ClientError` where the organization has as many apps as it may. The command line registers more."""
    own = Client.organization_id == organization_id, Client.ended_at.is_(None)
    if (db.session.scalar(select(func.count()).select_from(Client).where(*own)) or 0) >= MOST_APPS:
        sentence = _(
            "This organization has %(most)s apps, and more are not kept. Delete some that nobody uses first.",
            most=f"{MOST_APPS:,}",
        )
        raise ClientError("name", sentence)


def list_every_client(organization_id: str) -> list[Client]:
    """Returns every app of the organization, in the order in which they were registered."""
    return list(
        db.session.scalars(
            select(Client)
            .where(Client.organization_id == organization_id)
            .order_by(Client.created_at, Client.client_id)
        )
    )


def list_rotatable(organization_id: str) -> list[Client]:
    """Returns every app of the organization that works with a secret, by name."""
    has_secret = Client.type == CONFIDENTIAL, Client.ended_at.is_(None), Client.drafted_at.is_(None)
    own = select(Client).where(Client.organization_id == organization_id, *has_secret)
    return list(db.session.scalars(own.order_by(Client.name, Client.key)))


def has_words(own: ColumnElement[bool], query: str) -> ColumnElement[bool]:
    """Returns a condition: among the ``own`` apps, those whose name holds the query, or whose id it is."""
    query = _clean(query)
    return Client.key.in_(list_with_words(own, query)) if query else and_(True)


def list_with_words(own: ColumnElement[bool], query: str) -> list[str]:
    """Returns the keys of those among the ``own`` apps whose name holds the query, or whose id it is; none for no query."""
    query = _clean(query)
    if not query:
        return []
    apps = db.session.execute(select(Client.key, Client.client_id, Client.name).where(own))
    return [app.key for app in apps if query == app.client_id or holds(app.name, query)][:_MOST_FOUND]


def _clean(query: str) -> str:
    # What cannot be seen cannot be meant.
    query = "".join(letter for letter in text.clean_name(query) if letter.isprintable() or letter in text.JOINERS)
    return query[:_MOST_QUERY_LENGTH].strip()


def has_status(status: str) -> ColumnElement[bool]:
    """Returns a condition: the status is one of :data:`STATUSES`; anything goes for another word."""
    conditions = {
        "active": Client.suspended_at.is_(None),
        "suspended": and_(Client.suspended_at.is_not(None), Client.drafted_at.is_(None)),
        "draft": Client.drafted_at.is_not(None),
    }
    return conditions.get(status, and_(True))


def select_rows() -> Select:
    """Returns the SELECT of what a :class:`ClientRow` holds, by name."""
    # Each looks up one client's rows by an index, and only for the clients of the page.
    people = (
        select(func.count())
        .select_from(Consent)
        .where(Consent.client_key == Client.key, is_live(Consent))
        .scalar_subquery()
    )
    consent_used = select(func.max(Consent.last_used_at)).where(Consent.client_key == Client.key)
    secret_used = select(func.max(ClientSecret.last_used_at)).where(ClientSecret.client_key == Client.key)
    return (
        select(
            Client,
            ClientLogo.digest,
            people.label("people"),
            consent_used.scalar_subquery().label("consent_used_at"),
            secret_used.scalar_subquery().label("secret_used_at"),
        )
        .outerjoin(ClientLogo, ClientLogo.client_key == Client.key)
        .options(selectinload(Client.resource_rows))
        .order_by(func.lower(Client.name), Client.client_id)
    )


def read_row(row: Row[Any]) -> ClientRow:
    """Returns a row of :func:`select_rows`."""
    client = row.Client
    used = [at for at in (row.consent_used_at, row.secret_used_at) if at is not None]
    return ClientRow(
        client_id=client.client_id,
        origin=client.origin,
        name=client.name,
        type=client.type,
        status=client.status,
        created_at=client.created_at,
        last_used_at=max(used, default=None),
        people=row.people,
        logo_digest=row.digest,
        resources=tuple(client.resources),
    )
