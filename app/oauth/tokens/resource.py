"""What a resource server needs to know beside a token that is meant for it: that it is, and the organization."""

from typing import NamedTuple

from msgspec import Struct
from sqlalchemy import String, and_, bindparam, or_, select

from app.accounts.models import Membership
from app.accounts.models import Organization as OrganizationRecord
from app.clients.models import ClientResource, is_registered_name
from app.database.connections import Connection
from app.database.statements import Statement
from app.oauth.tokens.snapshot import TokenSnapshot


class Organization(NamedTuple):
    """An organization, as it is told."""

    id: str
    slug: str
    name: str


class MeantResource(Struct):
    """The resource that a token is for. The organization is the first of the person's, or the one whose token it is."""

    address: str
    organization_id: str | None
    organization_slug: str | None
    organization_name: str | None

    @property
    def organization(self) -> Organization | None:
        """None for a person who belongs to none."""
        if self.organization_id is None or self.organization_slug is None or self.organization_name is None:
            return None
        return Organization(self.organization_id, self.organization_slug, self.organization_name)


# The caller has just been authenticated, so nobody has ended or suspended its client.
_FIND_MEANT = Statement(
    select(
        ClientResource.address,
        OrganizationRecord.id.label("organization_id"),
        OrganizationRecord.slug.label("organization_slug"),
        OrganizationRecord.name.label("organization_name"),
    )
    .select_from(ClientResource)
    .outerjoin(Membership, Membership.user_id == bindparam("user", type_=String()))
    .outerjoin(
        OrganizationRecord,
        or_(
            OrganizationRecord.id == Membership.organization_id,
            and_(bindparam("user", type_=String()).is_(None), OrganizationRecord.id == bindparam("organization")),
        ),
    )
    .where(
        ClientResource.id == bindparam("resource"),
        ClientResource.client_key == bindparam("server"),
        ClientResource.proved_at.is_not(None),
        ClientResource.ended_at.is_(None),
    )
    .order_by(OrganizationRecord.name, OrganizationRecord.id)
    .limit(1),
    row=MeantResource,
)


def find_meant_resource(connection: Connection, token: TokenSnapshot, server_key: str) -> MeantResource | None:
    """Returns what a token is for, if the client of this key is the server of that; else None."""
    if not is_registered_name(token.audience):
        return None
    found: MeantResource | None = connection.first(
        _FIND_MEANT,
        resource=token.audience,
        server=server_key,
        user=token.user_id,
        organization=token.organization_id,
    )
    return found
