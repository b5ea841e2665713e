"""The authorization code (:rfc:`6749#section-1.3.1`)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin
from msgspec import Struct
from sqlalchemy import BigInteger, ForeignKey, Index, String, bindparam, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.accounts.state import DISABLED
from app.consents.choice import Choice, select_choice
from app.consents.live import has_ended
from app.consents.memory_setting import Person
from app.consents.models import Consent
from app.consents.resources import API
from app.consents.saved import select_saved
from app.database.connections import Connection
from app.database.statements import Statement
from app.database.statements.decisions import Decision
from app.database.types import Base, Digest, UtcMicroseconds
from app.oauth.tokens.access import ADDED_ACCESS_TOKEN
from app.oauth.tokens.asked import MOST_IN_AUDIENCE, as_columns, select_asked
from app.oauth.tokens.family import TokenFamily, add_family, demand_client, is_held
from app.oauth.tokens.refresh import ADDED_REFRESH_TOKEN
from app.oauth.tokens.snapshot import PERSON_COLUMNS
from app.oauth.tokens.with_client import find_with_client
from app.scopes import PROFILE, intersect_scope


class AuthorizationCode(Base):
    """One code: bound to a client, a redirect URI, a consent, and the PKCE challenge if one was sent (always S256)."""

    __tablename__ = "oauth_codes"
    __table_args__ = (Index(None, "family_id"), Index(None, "expires_at"))

    issued_at: Mapped[datetime] = mapped_column(UtcMicroseconds)
    expires_at: Mapped[datetime] = mapped_column(UtcMicroseconds)
    redeemed_at: Mapped[datetime | None] = mapped_column(UtcMicroseconds)
    family_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("oauth_families.id", ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(Digest, primary_key=True)
    # Repeats what the family's consent says; a deleted client takes the code with it by that way.
    client_key: Mapped[str] = mapped_column(String(40))
    audience: Mapped[str] = mapped_column(String(MOST_IN_AUDIENCE))
    resources: Mapped[str | None] = mapped_column(String(1000))
    redirect_uri: Mapped[str] = mapped_column(String(2000))
    scope: Mapped[str] = mapped_column(String(1000))
    code_challenge: Mapped[str | None] = mapped_column(String(43))


class CodeSnapshot(AuthorizationCodeMixin, Struct):
    """A code with its family and its consent, as one SELECT saw them."""

    digest: str
    client_key: str
    family_id: int
    audience: str
    redirect_uri: str
    scope: str
    code_challenge: str | None
    expires_at: datetime
    redeemed_at: datetime | None
    family_issued_at: datetime
    family_revoked_at: datetime | None
    names_profile: bool | None
    grant_id: str
    user_id: str
    consent_scope: str
    consent_expires_at: datetime | None
    consent_revoked_at: datetime | None
    consent_paused_at: datetime | None
    choice: Choice
    saved_memento_id: str | None
    memory_setting: str | None
    never_shares_at: datetime | None
    account_closed_as: str | None

    @property
    def lifetime(self) -> int:
        """How long it lives, in seconds. It was issued with its family."""
        return round((self.expires_at - self.family_issued_at).total_seconds())

    def get_redirect_uri(self) -> str:
        """Returns the redirect URI of the authorization request, for Authlib."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """Returns what the person allowed, for Authlib."""
        return self.scope

    def find_told_scope(self, bound: str) -> str:
        """Returns what the app has named itself of what is still allowed; or what it has without naming it."""
        scope = intersect_scope(self.scope, bound)
        if not scope and self.names_profile is None:
            scope = intersect_scope(PROFILE, bound)
        return scope

    def is_expired(self) -> bool:
        """Returns whether its time is over."""
        return self.expires_at <= clock.now()

    def is_revoked(self) -> bool:
        """Returns whether its family or its consent has ended, the consent is paused or the account is closed."""
        return self.consent_paused_at is not None or self.account_closed_as is not None or self._is_ended()

    def is_paused(self) -> bool:
        """Returns whether the person has paused the consent, and nothing else stops the code."""
        return self.consent_paused_at is not None and self.account_closed_as is None and not self._is_ended()

    def is_disabled(self) -> bool:
        """Returns whether the operator keeps the person's account closed, and nothing has ended the code."""
        return self.account_closed_as == DISABLED and not self._is_ended()

    def _is_ended(self) -> bool:
        return self.family_revoked_at is not None or has_ended(self.consent_revoked_at, self.consent_expires_at)


_SELECT_CODE = (
    select(
        AuthorizationCode.digest,
        AuthorizationCode.client_key,
        AuthorizationCode.family_id,
        select_asked(AuthorizationCode),
        AuthorizationCode.redirect_uri,
        AuthorizationCode.scope,
        AuthorizationCode.code_challenge,
        AuthorizationCode.expires_at,
        AuthorizationCode.redeemed_at,
        TokenFamily.issued_at.label("family_issued_at"),
        TokenFamily.revoked_at.label("family_revoked_at"),
        TokenFamily.names_profile,
        Consent.grant_id,
        Consent.user_id,
        Consent.scope.label("consent_scope"),
        Consent.expires_at.label("consent_expires_at"),
        Consent.revoked_at.label("consent_revoked_at"),
        Consent.paused_at.label("consent_paused_at"),
        select_choice().label("choice"),
        select_saved(Consent).label("saved_memento_id"),
        *PERSON_COLUMNS,
    )
    .join(TokenFamily, TokenFamily.id == AuthorizationCode.family_id)
    .join(Consent, Consent.grant_id == TokenFamily.grant_id)
    .join(Person, Person.id == Consent.user_id)
    .where(AuthorizationCode.digest == bindparam("code_digest"))
)
_FIND_CODE = Statement(_SELECT_CODE, row=CodeSnapshot)
FIND_CODE_WITH_CLIENT = find_with_client(_SELECT_CODE, CodeSnapshot)

_ADDED = (
    "digest",
    "client_key",
    "family_id",
    "audience",
    "resources",
    "redirect_uri",
    "scope",
    "code_challenge",
    "issued_at",
    "expires_at",
)
_INSERT_CODE = Statement(insert(AuthorizationCode).values({name: bindparam(name) for name in _ADDED}))

_REDEEM_CODE = Decision(
    update(AuthorizationCode)
    .where(
        AuthorizationCode.digest == bindparam("code_digest"),
        AuthorizationCode.redeemed_at.is_(None),
        is_held(AuthorizationCode),
    )
    .values(redeemed_at=bindparam("at"))
    .returning(AuthorizationCode.redeemed_at),
    ADDED_ACCESS_TOKEN,
    ADDED_REFRESH_TOKEN,
)


def find_authorization_code(connection: Connection, code_digest: str) -> CodeSnapshot | None:
    """Returns the code, in whatever state it is."""
    code: CodeSnapshot | None = connection.first(_FIND_CODE, code_digest=code_digest)
    return code


def add_authorization_code(
    connection: Connection,
    *,
    grant_id: str,
    digest: str,
    client_key: str,
    redirect_uri: str,
    scope: str,
    code_challenge: str | None,
    issued_at: datetime,
    expires_at: datetime,
    audience: str = API,
    keeps_first_end: bool = False,
    names_profile: bool | None = True,
) -> int:
    """Add a family and its code; to be called inside a transaction. Returns the family's number.

    Raises :class:`RowGone` when the consent was deleted since it was looked up.
    """
    family_id = add_family(
        connection,
        grant_id=grant_id,
        issued_at=issued_at,
        keeps_first_end=keeps_first_end,
        names_profile=names_profile,
    )
    connection.run(
        _INSERT_CODE,
        digest=digest,
        client_key=client_key,
        family_id=family_id,
        **as_columns(audience),
        redirect_uri=redirect_uri,
        scope=scope,
        code_challenge=code_challenge,
        issued_at=issued_at,
        expires_at=expires_at,
    )
    return family_id


def redeem_authorization_code(
    connection: Connection, code_digest: str, *, client_key: str, family_id: int, tokens: Mapping[str, Any]
) -> bool:
    """Mark the code redeemed, and add ``tokens``: the values of an access token and of a refresh token.

    Returns whether it was this call that did: the row decides, not what was read before. Raises :class:`RowGone` when
    the client has ended since it was looked up.
    """
    held = {"held_client": client_key, "held_family": family_id}
    redeemed = connection.decide(_REDEEM_CODE, code_digest=code_digest, at=clock.now(), **held, **tokens)
    if redeemed is None:
        demand_client(connection, client_key)
    return redeemed is not None
