"""The access token and the refresh token (:rfc:`6749#section-1.4`), each a row of its own."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749 import TokenMixin
from sqlalchemy import (
    ForeignKey,
    Index,
    Select,
    SmallInteger,
    String,
    and_,
    bindparam,
    exists,
    insert,
    select,
    text,
    true,
    update,
)
from sqlalchemy.orm import Mapped, aliased, mapped_column

from app import clock
from app.clients.models import Client
from app.clients.rows import insert_for_client
from app.consents.choice import Choice, select_choice
from app.consents.live import has_ended
from app.consents.models import Consent
from app.consents.saved import SavedMemento, is_saved_under
from app.database.connections import Connection, RowGone
from app.database.statements import Statement
from app.database.types import UtcDateTime
from app.extensions import db
from app.oauth.tokens.code import FAMILY_LIFETIME, TokenFamily
from app.scopes import intersect_scope


class AccessToken(db.Model):
    """An access token. One without a family comes from client credentials and belongs to the client's organization."""

    __tablename__ = "access_tokens"
    # Every index is paid for by every token that is issued. The first serves the purge and the client's
    # deletion, the second only those tokens that have a family.
    __table_args__ = (
        Index(None, "client_id", "expires_at"),
        Index(
            None,
            "family_id",
            sqlite_where=text("family_id IS NOT NULL"),
            postgresql_where=text("family_id IS NOT NULL"),
        ),
    )

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    hint: Mapped[str] = mapped_column(String(4))
    client_key: Mapped[str] = mapped_column("client_id", String(60), ForeignKey("clients.key", ondelete="CASCADE"))
    family_id: Mapped[str | None] = mapped_column(ForeignKey("token_families.family_id", ondelete="CASCADE"))
    scope: Mapped[str] = mapped_column(String(1000))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RefreshToken(db.Model):
    """A refresh token. It is used once: rotation marks it and adds its successor.

    ``successor_salt`` is kept only when there is a refresh grace. With the old token
    itself it gives the successor again; neither alone does. ``repeats`` counts how often it was given again.
    """

    __tablename__ = "refresh_tokens"
    __table_args__ = (Index(None, "family_id"), Index(None, "expires_at"))

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    hint: Mapped[str] = mapped_column(String(4))
    # Repeats what the family's consent says; a deleted client takes the token with it by that way.
    client_key: Mapped[str] = mapped_column("client_id", String(60))
    family_id: Mapped[str] = mapped_column(ForeignKey("token_families.family_id", ondelete="CASCADE"))
    scope: Mapped[str] = mapped_column(String(1000))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    rotated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    successor_digest: Mapped[str | None] = mapped_column(String(64))
    successor_salt: Mapped[str | None] = mapped_column(String(64))
    repeats: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))


@dataclass(slots=True)
class TokenSnapshot(TokenMixin):
    """A token with the family, consent and client it depends on, as one SELECT saw them.

    The fields from ``is_refresh_token`` on are a refresh token's; everything of the consent is
    None for client credentials tokens.
    """

    digest: str
    client_key: str
    client_id: str
    organization_id: str | None
    client_suspended_at: datetime | None
    client_scope: str
    scope: str
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    family_id: str | None
    family_issued_at: datetime | None
    family_revoked_at: datetime | None
    grant_id: str | None
    user_id: str | None
    consent_scope: str | None
    consent_expires_at: datetime | None
    consent_revoked_at: datetime | None
    consent_paused_at: datetime | None
    consent_last_used_at: datetime | None
    choice: Choice | None
    saved_memento_id: str | None
    is_refresh_token: bool = False
    rotated_at: datetime | None = None
    successor_salt: str | None = None
    successor_rotated_at: datetime | None = None

    def check_client(self, client) -> bool:
        return self.client_key == client.key

    def get_scope(self) -> str:
        """What the token may do now: its own scope, as far as the client's registration and the consent still go."""
        scope = intersect_scope(self.scope, self.client_scope)
        return scope if self.consent_scope is None else intersect_scope(scope, self.consent_scope)

    def get_expires_in(self) -> int:
        """Seconds from issue to expiry."""
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
        """Whether its own time or its family's is over."""
        at = clock.now()
        return self.expires_at <= at or (
            self.family_issued_at is not None and self.family_issued_at + FAMILY_LIFETIME <= at
        )

    def is_revoked(self) -> bool:
        """Whether the token, its family, its consent or its client has been ended, or paused."""
        return self.consent_paused_at is not None or self._is_ended()

    def is_paused(self) -> bool:
        """Whether the person has paused the consent, and nothing else stops the token: it works again later."""
        return self.consent_paused_at is not None and not self._is_ended()

    def _is_ended(self) -> bool:
        return (
            self.revoked_at is not None
            or self.client_suspended_at is not None
            or self.family_revoked_at is not None
            or has_ended(self.consent_revoked_at, self.consent_expires_at)
        )


def select_tokens(token: type[AccessToken] | type[RefreshToken], *more) -> Select:
    """Tokens with what they depend on: the columns of :class:`TokenSnapshot` up to ``saved_memento_id``, and more."""
    statement = select(
        token.digest,
        token.client_key,
        Client.client_id,
        Client.organization_id,
        Client.suspended_at.label("client_suspended_at"),
        Client.scope.label("client_scope"),
        token.scope,
        token.issued_at,
        token.expires_at,
        (token.revoked_at if token is AccessToken else TokenFamily.revoked_at).label("revoked_at"),
        token.family_id,
        TokenFamily.issued_at.label("family_issued_at"),
        TokenFamily.revoked_at.label("family_revoked_at"),
        Consent.grant_id,
        Consent.user_id,
        Consent.scope.label("consent_scope"),
        Consent.expires_at.label("consent_expires_at"),
        Consent.revoked_at.label("consent_revoked_at"),
        Consent.paused_at.label("consent_paused_at"),
        Consent.last_used_at.label("consent_last_used_at"),
        select_choice().label("choice"),
        SavedMemento.memento_id.label("saved_memento_id"),
        *more,
    )
    # Only an access token may lack a family, and with it a consent: that of client credentials.
    is_outer = token is AccessToken
    return (
        statement.join(Client, and_(Client.key == token.client_key, Client.ended_at.is_(None)))
        .join(TokenFamily, TokenFamily.family_id == token.family_id, isouter=is_outer)
        .join(Consent, Consent.grant_id == TokenFamily.grant_id, isouter=is_outer)
        .outerjoin(SavedMemento, is_saved_under(Consent))
        .where(token.digest == bindparam("token_digest"))
    )


_FIND_ACCESS_TOKEN = Statement(select_tokens(AccessToken), row=TokenSnapshot)

_successor = aliased(RefreshToken)

_FIND_REFRESH_TOKEN = Statement(
    select_tokens(
        RefreshToken,
        true().label("is_refresh_token"),
        RefreshToken.rotated_at,
        RefreshToken.successor_salt,
        _successor.rotated_at.label("successor_rotated_at"),
    ).outerjoin(_successor, _successor.digest == RefreshToken.successor_digest),
    row=TokenSnapshot,
)

_TOKEN_VALUES = ("digest", "hint", "client_key", "family_id", "scope", "issued_at", "expires_at")
_INSERT_ACCESS_TOKEN = Statement(insert_for_client(AccessToken, _TOKEN_VALUES))
_INSERT_REFRESH_TOKEN = Statement(insert(RefreshToken).values({name: bindparam(name) for name in _TOKEN_VALUES}))

_ROTATE_REFRESH_TOKEN = Statement(
    update(RefreshToken)
    .where(RefreshToken.digest == bindparam("token_digest"), RefreshToken.rotated_at.is_(None))
    .values(
        rotated_at=bindparam("at"),
        successor_digest=bindparam("next_digest"),
        successor_salt=bindparam("next_salt"),
    )
)

# The row count decides, whoever comes at the same moment; so what was true of the snapshot is asked again.
_COUNT_REPEAT = Statement(
    update(RefreshToken)
    .where(
        RefreshToken.digest == bindparam("token_digest"),
        RefreshToken.repeats < bindparam("most"),
        ~exists().where(_successor.digest == RefreshToken.successor_digest, _successor.rotated_at.is_not(None)),
    )
    .values(repeats=RefreshToken.repeats + 1)
)

_REVOKE_ACCESS_TOKEN = Statement(
    update(AccessToken)
    .where(AccessToken.digest == bindparam("token_digest"), AccessToken.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"))
)


def find_access_token(connection: Connection, token_digest: str) -> TokenSnapshot | None:
    """The access token, in whatever state it is: one SELECT answers who it is and what it may do."""
    return connection.first(_FIND_ACCESS_TOKEN, token_digest=token_digest)


def find_refresh_token(connection: Connection, token_digest: str) -> TokenSnapshot | None:
    """The refresh token, in whatever state it is."""
    return connection.first(_FIND_REFRESH_TOKEN, token_digest=token_digest)


def add_access_token(connection: Connection, **token: Any) -> None:
    """Add the token. Raises :class:`RowGone` when the client was deleted since it was looked up."""
    if not connection.run(_INSERT_ACCESS_TOKEN, **token):
        raise RowGone


def add_refresh_token(connection: Connection, **token) -> None:
    connection.run(_INSERT_REFRESH_TOKEN, **token)


def rotate_refresh_token(
    connection: Connection, token_digest: str, *, successor_digest: str, successor_salt: str | None
) -> bool:
    """Mark the token rotated; False when somebody already had. The row count decides."""
    return (
        connection.run(
            _ROTATE_REFRESH_TOKEN,
            token_digest=token_digest,
            at=clock.now(),
            next_digest=successor_digest,
            next_salt=successor_salt,
        )
        == 1
    )


def count_repeat(connection: Connection, token_digest: str, *, most: int) -> bool:
    """Count that a rotated token's successor is given again; False when it was so ``most`` times, or is in use."""
    return connection.run(_COUNT_REPEAT, token_digest=token_digest, most=most) == 1


def revoke_access_token(connection: Connection, token_digest: str) -> None:
    """End this access token alone."""
    connection.run(_REVOKE_ACCESS_TOKEN, token_digest=token_digest, at=clock.now())
