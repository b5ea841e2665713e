"""Public apps: those that their organization lets everybody find; and others whose names look like one of theirs."""

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, bindparam, select
from sqlalchemy.orm import Session, aliased

from app.accounts.lookalikes import as_seen_at_a_glance
from app.accounts.models import Organization
from app.clients.models import REGISTERED, Client
from app.database.session_connection import SessionConnection
from app.database.statements import Statement


class Namesake(Struct, frozen=True):
    """A public app of another organization that people could take the app that asks for, or whose organization they could.

    ``is_organization`` says that it is the organization's name that looks like one of the app that asks.
    """

    name: str
    organization: str
    is_organization: bool = False


def is_public() -> ColumnElement[bool]:
    """Returns the condition that everybody may find an app: its organization says so, and it works."""
    return and_(Client.published, Client.origin == REGISTERED, Client.suspended_at.is_(None), Client.ended_at.is_(None))


def find_namesake(session: Session, client: Client) -> Namesake | None:
    """Returns the public app of another organization that people could take this one, or whose it is, for; else None.

    Anybody may found an organization of any name, and call an app by it. So what an organization is called counts only
    against younger ones: else whoever founds another of the name would put a warning on the screens of the first.
    """
    name = as_seen_at_a_glance(client.name)
    own = as_seen_at_a_glance(client.organization_name) if client.organization_name else None
    rows = SessionConnection(session).all(_LIST_PUBLIC, client=client.key)
    others = [
        (row, {name, own} if row.is_older else {name}) for row in rows if row.organization_id != client.organization_id
    ]
    for row, looks in others:
        if as_seen_at_a_glance(row.name) in looks:
            return Namesake(row.name, row.organization)
    for row, looks in others:
        if as_seen_at_a_glance(row.organization) in looks:
            return Namesake(row.name, row.organization, is_organization=True)
    return None


_OWN_CLIENT, _OWN = aliased(Client), aliased(Organization)
_FOUNDED_AT = (
    select(_OWN.created_at)
    .join(_OWN_CLIENT, _OWN_CLIENT.organization_id == _OWN.id)
    .where(_OWN_CLIENT.key == bindparam("client"))
    .scalar_subquery()
)
_LIST_PUBLIC = Statement(
    select(
        Client.name,
        Organization.name.label("organization"),
        Client.organization_id,
        (Organization.created_at < _FOUNDED_AT).label("is_older"),
    )
    .join(Organization, Organization.id == Client.organization_id)
    .where(is_public(), Client.key != bindparam("client"))
    .order_by(Client.created_at, Client.key)
)
