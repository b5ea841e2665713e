"""Whom an access token speaks for: a person of an organization, or the client's organization itself."""

from sqlalchemy import case

from app.accounts.models import Membership, Organization
from app.clients.models import Client
from app.consents.memory_setting import Person
from app.consents.models import Consent
from app.database.connections import Connection
from app.database.statements import Statement
from app.oauth.tokens.access import AccessToken
from app.oauth.tokens.snapshot import TokenSnapshot, select_tokens


class SpeakingToken(TokenSnapshot):
    """An access token and its subject: a person, and the first of their organizations, or an organization alone.

    The name, the e-mail and the role are None without a person, the role and the organization's fields
    for a person without an organization.
    """

    user_name: str | None
    user_email: str | None
    user_email_is_verified: bool | None
    role: str | None
    subject_organization_id: str | None
    organization_slug: str | None
    organization_name: str | None


_SELECT_SPEAKING_TOKEN = (
    select_tokens(
        AccessToken,
        Person.name.label("user_name"),
        Person.email.label("user_email"),
        Person.email_verified_at.is_not(None).label("user_email_is_verified"),
        Membership.role,
        Organization.id.label("subject_organization_id"),
        Organization.slug.label("organization_slug"),
        Organization.name.label("organization_name"),
        revoked_at=AccessToken.revoked_at,
        has_family=False,
    )
    .outerjoin(Membership, Membership.user_id == Person.id)
    .outerjoin(
        Organization,
        Organization.id == case((Consent.user_id.is_(None), Client.organization_id), else_=Membership.organization_id),
    )
)
# Nothing is sorted for a person of one organization. Whoever is in several is looked up once more, in their order.
_FIND_SPEAKING_TOKEN = Statement(_SELECT_SPEAKING_TOKEN.limit(2), row=SpeakingToken)
_FIND_FIRST = Statement(_SELECT_SPEAKING_TOKEN.order_by(Organization.name, Organization.id).limit(1), row=SpeakingToken)


def find_speaking_token(connection: Connection, token_digest: str) -> SpeakingToken | None:
    """Returns the access token, in whatever state it is, and whom it speaks for: one SELECT, or two for the first of several."""
    found: list[SpeakingToken] = connection.all(_FIND_SPEAKING_TOKEN, token_digest=token_digest)
    if len(found) > 1:
        first: SpeakingToken | None = connection.first(_FIND_FIRST, token_digest=token_digest)
        return first
    return found[0] if found else None
