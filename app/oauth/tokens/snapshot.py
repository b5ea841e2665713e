"""What a token depends on, as one SELECT sees it: its family, its consent and its client."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749 import TokenMixin
from msgspec import Struct
from sqlalchemy import ColumnElement, Select, and_, bindparam, select
from sqlalchemy.orm import InstrumentedAttribute

from app import clock
from app.accounts.state import DISABLED, select_closed_as
from app.clients.models import Client, ClientSnapshot
from app.consents.choice import Choice, select_choice
from app.consents.live import has_ended
from app.consents.memory_setting import Person, select_setting
from app.consents.models import Consent
from app.consents.saved import select_saved
from app.oauth.tokens.family import FAMILY_LIFETIME, TokenFamily
from app.scopes import intersect_scope, with_profile

_Selected = ColumnElement[Any] | InstrumentedAttribute[Any]

#: What a code or a token depends on of its person, for a SELECT that has them and the consent.
PERSON_COLUMNS = (
    select_setting().label("memory_setting"),
    Person.never_shares_at.label("never_shares_at"),
    select_closed_as(Person),
)


class TokenSnapshot(TokenMixin, Struct):
    """An access token, or what a refresh token has in common with one.

    Everything of the family and the consent is None for client credentials tokens.
    """

    digest: str
    client_key: str
    client_id: str
    organization_id: str | None
    client_suspended_at: datetime | None
    client_scope: str
    audience: str
    scope: str
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    family_id: int | None
    family_issued_at: datetime | None
    family_revoked_at: datetime | None
    names_profile: bool | None
    grant_id: str | None
    user_id: str | None
    consent_scope: str | None
    consent_expires_at: datetime | None
    consent_revoked_at: datetime | None
    consent_paused_at: datetime | None
    consent_last_used_at: datetime | None
    consent_updated_at: datetime | None
    choice: Choice | None
    saved_memento_id: str | None
    memory_setting: str | None
    never_shares_at: datetime | None
    account_closed_as: str | None

    def check_client(self, client: ClientSnapshot) -> bool:
        """Returns whether it was issued to this client."""
        return self.client_key == client.key

    def get_scope(self) -> str:
        """Returns what it may do now: its own scope, as far as the client's registration and the consent still go."""
        return self._bounded(with_profile(self.scope) if self._has_profile_unnamed else self.scope)

    def get_told_scope(self) -> str:
        """Returns of that what the app has named itself."""
        return self._bounded(self.scope) or self.get_scope()

    @property
    def _has_profile_unnamed(self) -> bool:
        return self.names_profile is None and self.family_id is not None

    def _bounded(self, scope: str) -> str:
        scope = intersect_scope(scope, self.client_scope)
        return scope if self.consent_scope is None else intersect_scope(scope, self.consent_scope)

    def hold_to(self, third_party_scopes: Sequence[str]) -> None:
        """Let the client have no more than the operator lets apps have that no organization registered, if it is one."""
        if self.organization_id is None:
            most = " ".join(third_party_scopes)
            # What it had before there was that scope stays its own.
            self.client_scope = intersect_scope(
                self.client_scope, with_profile(most) if self._has_profile_unnamed else most
            )

    def get_expires_in(self) -> int:
        """Returns the seconds from issue to expiry."""
        return int((self.expires_at - self.issued_at).total_seconds())

    @property
    def ends_at(self) -> datetime:
        """When it ends at the latest, as things are now: with itself, its family, or its consent."""
        ends = [self.expires_at]
        if self.family_issued_at is not None:
            ends.append(self.family_issued_at + FAMILY_LIFETIME)
        if self.consent_expires_at is not None:
            ends.append(self.consent_expires_at)
        return min(ends)

    def is_expired(self) -> bool:
        """Returns whether its own time or its family's is over."""
        at = clock.now()
        return self.expires_at <= at or (
            self.family_issued_at is not None and self.family_issued_at + FAMILY_LIFETIME <= at
        )

    def is_revoked(self) -> bool:
        """Returns whether the token, its family, its consent or its client has been ended, or paused.

        So it is, too, while the person's account is closed.
        """
        return self.consent_paused_at is not None or self.account_closed_as is not None or self._is_ended()

    def is_paused(self) -> bool:
        """Returns whether the person has paused the consent, and nothing else stops the token: it works again later."""
        return self.consent_paused_at is not None and self.account_closed_as is None and not self._is_ended()

    def is_disabled(self) -> bool:
        """Returns whether the operator keeps the person's account closed, and nothing has ended the token."""
        return self.account_closed_as == DISABLED and not self._is_ended()

    def _is_ended(self) -> bool:
        return (
            self.revoked_at is not None
            or self.client_suspended_at is not None
            or self.family_revoked_at is not None
            or has_ended(self.consent_revoked_at, self.consent_expires_at)
        )


def select_tokens(
    token: Any,
    *more: _Selected,
    revoked_at: InstrumentedAttribute[datetime | None],
    has_family: bool,
    audience: ColumnElement[str] | None = None,
) -> Select[tuple[Any, ...]]:
    """Returns the SELECT of the columns of :class:`TokenSnapshot`, and more, by the parameter ``token_digest``.

    ``token`` is the table's class; ``has_family`` says that none of its rows lacks one, and with it a consent.
    ``audience`` is for a table that keeps it in more than its column of that name.
    """
    return (
        select(
            token.digest,
            token.client_key,
            Client.client_id,
            Client.organization_id,
            Client.suspended_at.label("client_suspended_at"),
            Client.scope.label("client_scope"),
            token.audience if audience is None else audience,
            token.scope,
            token.issued_at,
            token.expires_at,
            revoked_at.label("revoked_at"),
            token.family_id,
            TokenFamily.issued_at.label("family_issued_at"),
            TokenFamily.revoked_at.label("family_revoked_at"),
            TokenFamily.names_profile,
            Consent.grant_id,
            Consent.user_id,
            Consent.scope.label("consent_scope"),
            Consent.expires_at.label("consent_expires_at"),
            Consent.revoked_at.label("consent_revoked_at"),
            Consent.paused_at.label("consent_paused_at"),
            Consent.last_used_at.label("consent_last_used_at"),
            Consent.updated_at.label("consent_updated_at"),
            select_choice().label("choice"),
            select_saved(Consent).label("saved_memento_id"),
            *PERSON_COLUMNS,
            *more,
        )
        .join(Client, and_(Client.key == token.client_key, Client.ended_at.is_(None)))
        .join(TokenFamily, TokenFamily.id == token.family_id, isouter=not has_family)
        .join(Consent, Consent.grant_id == TokenFamily.grant_id, isouter=not has_family)
        .outerjoin(Person, Person.id == Consent.user_id)
        .where(token.digest == bindparam("token_digest"))
    )
