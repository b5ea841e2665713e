"""Whom an access token speaks for: a person of an organization, or the client's organization itself."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import bindparam, case, false, func, literal_column, select

from app import clock
from app.accounts.models import Membership, Organization
from app.accounts.state import is_open_account
from app.clients.models import Client
from app.consents.choice import Choice, select_choice
from app.consents.live import has_ended, is_open
from app.consents.memory_setting import Person, select_setting
from app.consents.models import Consent
from app.consents.saved import select_saved
from app.database.connections import Connection
from app.database.statements import Statement
from app.database.types import UtcMicroseconds
from app.oauth.tokens.access import AccessToken
from app.oauth.tokens.family import FAMILY_LIFETIME, TokenFamily
from app.oauth.tokens.snapshot import TokenSnapshot, select_tokens
from app.scopes import intersect_scope

_ABOUT_PERSON = (
    Person.name.label("user_name"),
    Person.email.label("user_email"),
    Person.email_verified_at.is_not(None).label("user_email_is_verified"),
    Membership.role,
    Organization.id.label("subject_organization_id"),
    Organization.slug.label("organization_slug"),
    Organization.name.label("organization_name"),
)


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


class PlainToken(Struct):
    """An access token of which there is nothing to say but whom it speaks for: it is alive, and a person's.

    What it is asked for beside that, it answers as a :class:`SpeakingToken` of the same row does.
    """

    client_key: str
    client_id: str
    organization_id: str | None
    client_scope: str
    audience: str
    scope: str
    grant_id: str
    user_id: str
    consent_scope: str
    consent_expires_at: datetime | None
    consent_last_used_at: datetime | None
    choice: Choice
    saved_memento_id: str | None
    memory_setting: str | None
    user_name: str
    user_email: str
    user_email_is_verified: bool
    role: str | None
    subject_organization_id: str | None
    organization_slug: str | None
    organization_name: str | None

    def get_scope(self) -> str:
        """Returns what it may do now."""
        return intersect_scope(intersect_scope(self.scope, self.client_scope), self.consent_scope)

    def hold_to(self, third_party_scopes: Sequence[str]) -> None:
        """Let a client that no organization registered have no more than these."""
        if self.organization_id is None:
            self.client_scope = intersect_scope(self.client_scope, " ".join(third_party_scopes))

    def is_expired(self) -> bool:
        """Returns that it is not: that was asked when it was looked up."""
        return False

    def is_revoked(self) -> bool:
        """Returns that it is not."""
        return False


# Fewer columns: on PostgreSQL each costs at each join. The joins are outer ones although their conditions make them inner:
# so the planner begins at the token, also where it has no statistics yet and would read all consents first.
_FIND_PLAIN_TOKEN = Statement(
    select(
        AccessToken.client_key,
        Client.client_id,
        Client.organization_id,
        Client.scope.label("client_scope"),
        AccessToken.audience,
        AccessToken.scope,
        Consent.grant_id,
        Consent.user_id,
        Consent.scope.label("consent_scope"),
        Consent.expires_at.label("consent_expires_at"),
        Consent.last_used_at.label("consent_last_used_at"),
        select_choice().label("choice"),
        select_saved(Consent).label("saved_memento_id"),
        select_setting().label("memory_setting"),
        *_ABOUT_PERSON,
    )
    .select_from(AccessToken)
    .outerjoin(Client, Client.key == AccessToken.client_key)
    .outerjoin(TokenFamily, TokenFamily.id == AccessToken.family_id)
    .outerjoin(Consent, Consent.grant_id == TokenFamily.grant_id)
    .outerjoin(Person, Person.id == Consent.user_id)
    # Each by itself: SQLite goes through all rows of what is joined with another first.
    .outerjoin(Membership, Membership.user_id == Person.id)
    .outerjoin(Organization, Organization.id == Membership.organization_id)
    .where(
        AccessToken.digest == bindparam("token_digest"),
        AccessToken.expires_at > bindparam("at"),
        AccessToken.revoked_at.is_(None),
        Client.ended_at.is_(None),
        Client.suspended_at.is_(None),
        func.coalesce(TokenFamily.issued_at, literal_column("0")) > bindparam("family_since", type_=UtcMicroseconds()),
        TokenFamily.revoked_at.is_(None),
        TokenFamily.names_profile.is_(None).is_(false()),
        is_open(Consent),
        Consent.paused_at.is_(None),
        is_open_account(Person),
    )
    .limit(2),
    row=PlainToken,
)

_SELECT_SPEAKING_TOKEN = (
    select_tokens(AccessToken, *_ABOUT_PERSON, revoked_at=AccessToken.revoked_at, has_family=False)
    .outerjoin(Membership, Membership.user_id == Person.id)
    .outerjoin(
        Organization,
        Organization.id == case((Consent.user_id.is_(None), Client.organization_id), else_=Membership.organization_id),
    )
)
_FIND_SPEAKING_TOKEN = Statement(
    _SELECT_SPEAKING_TOKEN.order_by(Organization.name, Organization.id).limit(1), row=SpeakingToken
)


def find_speaking_token(connection: Connection, token_digest: str) -> SpeakingToken | PlainToken | None:
    """Returns the access token, in whatever state it is, and whom it speaks for: the first of several organizations.

    One SELECT finds a live token of a person who is in one organization at most. Whatever is not so plain is looked up
    once more, by that which reads everything about it.
    """
    at = clock.now()
    found: list[PlainToken] = connection.all(
        _FIND_PLAIN_TOKEN, token_digest=token_digest, at=at, family_since=at - FAMILY_LIFETIME
    )
    if len(found) == 1 and not has_ended(None, found[0].consent_expires_at):
        return found[0]
    token: SpeakingToken | None = connection.first(_FIND_SPEAKING_TOKEN, token_digest=token_digest)
    return token
