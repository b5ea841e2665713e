"""Whom an access token speaks for: a person of an organization, or the client's organization itself."""

from dataclasses import dataclass

from sqlalchemy import case

from app.accounts.models import Membership, Organization, User
from app.database import Connection, Statement
from app.oauth.models.client import Client
from app.oauth.models.consent import Consent
from app.oauth.models.token import AccessToken, TokenSnapshot, select_tokens


@dataclass(slots=True)
class Subject:
    """A person and the first of their organizations, if any; the name and the e-mail are None without a person."""

    name: str | None
    email: str | None
    role: str | None
    organization_id: str | None
    organization_slug: str | None
    organization_name: str | None


@dataclass(slots=True)
class SpeakingToken(TokenSnapshot):
    """An access token that also knows its subject."""

    subject: Subject | None = None


_COLUMNS = (
    User.name.label("user_name"),
    User.email,
    Membership.role,
    Organization.id.label("subject_organization_id"),
    Organization.slug,
    Organization.name.label("organization_name"),
)


def _read(*values) -> SpeakingToken:
    return SpeakingToken(*values[: -len(_COLUMNS)], subject=Subject(*values[-len(_COLUMNS) :]))


_FIND_SPEAKING_TOKEN = Statement(
    select_tokens(AccessToken, *_COLUMNS)
    .outerjoin(User, User.id == Consent.user_id)
    .outerjoin(Membership, Membership.user_id == User.id)
    .outerjoin(
        Organization,
        Organization.id == case((Consent.user_id.is_(None), Client.organization_id), else_=Membership.organization_id),
    )
    .order_by(Organization.name)
    .limit(1),
    row=_read,
)


def find_speaking_token(connection: Connection, token_digest: str) -> SpeakingToken | None:
    """The access token, in whatever state it is, and whom it speaks for, in one SELECT."""
    return connection.first(_FIND_SPEAKING_TOKEN, token_digest=token_digest)
