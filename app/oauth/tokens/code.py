"""The authorization code (:rfc:`6749#section-1.3.1`) and the token family that starts with it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin
from sqlalchemy import ForeignKey, Index, String, bindparam, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.consents.choice import Choice, select_choice
from app.consents.live import has_ended
from app.consents.models import Consent
from app.consents.saved import SavedMemento, is_saved_under
from app.database.connections import Connection
from app.database.statements import Statement
from app.database.types import UtcDateTime
from app.extensions import db

#: However often its refresh tokens are rotated, a family ends so long after its code was issued.
FAMILY_LIFETIME = timedelta(days=365)


class TokenFamily(db.Model):
    """Every token that descends from one authorization code. Revoking this one row ends them all.

    That the end is a row of its own, and not a mark on each token, is what makes it certain:
    a rotation that commits at the same moment cannot add a token that escapes it.
    """

    __tablename__ = "token_families"
    __table_args__ = (Index(None, "grant_id"), Index(None, "issued_at"))

    family_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    grant_id: Mapped[str] = mapped_column(ForeignKey("consents.grant_id", ondelete="CASCADE"))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AuthorizationCode(db.Model):
    """One code: bound to a client, a redirect URI, a consent, and the PKCE challenge if one was sent (always S256)."""

    __tablename__ = "authorization_codes"
    __table_args__ = (Index(None, "family_id"), Index(None, "expires_at"))

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    # Repeats what the family's consent says; a deleted client takes the code with it by that way.
    client_key: Mapped[str] = mapped_column("client_id", String(60))
    family_id: Mapped[str] = mapped_column(ForeignKey("token_families.family_id", ondelete="CASCADE"))
    redirect_uri: Mapped[str] = mapped_column(String(2000))
    scope: Mapped[str] = mapped_column(String(1000))
    code_challenge: Mapped[str | None] = mapped_column(String(43))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    redeemed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@dataclass(slots=True)
class CodeSnapshot(AuthorizationCodeMixin):
    """A code with its family and its consent, as one SELECT saw them."""

    digest: str
    client_key: str
    family_id: str
    redirect_uri: str
    scope: str
    code_challenge: str | None
    expires_at: datetime
    redeemed_at: datetime | None
    family_issued_at: datetime
    family_revoked_at: datetime | None
    grant_id: str
    user_id: str
    consent_scope: str
    consent_expires_at: datetime | None
    consent_revoked_at: datetime | None
    consent_paused_at: datetime | None
    choice: Choice
    saved_memento_id: str | None

    @property
    def lifetime(self) -> int:
        """How long it lives, in seconds. It was issued with its family."""
        return round((self.expires_at - self.family_issued_at).total_seconds())

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def is_expired(self) -> bool:
        return self.expires_at <= clock.now()

    def is_revoked(self) -> bool:
        """Whether its family or its consent has ended, or the consent is paused."""
        return self.consent_paused_at is not None or self._is_ended()

    def is_paused(self) -> bool:
        """Whether the person has paused the consent, and nothing else stops the code."""
        return self.consent_paused_at is not None and not self._is_ended()

    def _is_ended(self) -> bool:
        return self.family_revoked_at is not None or has_ended(self.consent_revoked_at, self.consent_expires_at)


_FIND_CODE = Statement(
    select(
        AuthorizationCode.digest,
        AuthorizationCode.client_key,
        AuthorizationCode.family_id,
        AuthorizationCode.redirect_uri,
        AuthorizationCode.scope,
        AuthorizationCode.code_challenge,
        AuthorizationCode.expires_at,
        AuthorizationCode.redeemed_at,
        TokenFamily.issued_at.label("family_issued_at"),
        TokenFamily.revoked_at.label("family_revoked_at"),
        Consent.grant_id,
        Consent.user_id,
        Consent.scope.label("consent_scope"),
        Consent.expires_at.label("consent_expires_at"),
        Consent.revoked_at.label("consent_revoked_at"),
        Consent.paused_at.label("consent_paused_at"),
        select_choice().label("choice"),
        SavedMemento.memento_id.label("saved_memento_id"),
    )
    .join(TokenFamily, TokenFamily.family_id == AuthorizationCode.family_id)
    .join(Consent, Consent.grant_id == TokenFamily.grant_id)
    .outerjoin(SavedMemento, is_saved_under(Consent))
    .where(AuthorizationCode.digest == bindparam("code_digest")),
    row=CodeSnapshot,
)

_INSERT_FAMILY = Statement(
    insert(TokenFamily).values(
        family_id=bindparam("family_id"), grant_id=bindparam("grant_id"), issued_at=bindparam("issued_at")
    )
)

_INSERT_CODE = Statement(
    insert(AuthorizationCode).values(
        {
            name: bindparam(name)
            for name in (
                "digest",
                "client_key",
                "family_id",
                "redirect_uri",
                "scope",
                "code_challenge",
                "issued_at",
                "expires_at",
            )
        }
    )
)

_REDEEM_CODE = Statement(
    update(AuthorizationCode)
    .where(AuthorizationCode.digest == bindparam("code_digest"), AuthorizationCode.redeemed_at.is_(None))
    .values(redeemed_at=bindparam("at"))
)

_REVOKE_FAMILY = Statement(
    update(TokenFamily)
    .where(TokenFamily.family_id == bindparam("family"), TokenFamily.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"))
)


def find_authorization_code(connection: Connection, code_digest: str) -> CodeSnapshot | None:
    """The code, in whatever state it is."""
    return connection.first(_FIND_CODE, code_digest=code_digest)


def add_authorization_code(connection: Connection, *, family_id: str, grant_id: str, **code) -> None:
    """Add a family and its code. To be called inside a transaction."""
    connection.run(_INSERT_FAMILY, family_id=family_id, grant_id=grant_id, issued_at=code["issued_at"])
    connection.run(_INSERT_CODE, family_id=family_id, **code)


def redeem_authorization_code(connection: Connection, code_digest: str) -> bool:
    """Mark the code redeemed; False when somebody already had. The row count decides, not what was read before."""
    return connection.run(_REDEEM_CODE, code_digest=code_digest, at=clock.now()) == 1


def revoke_family(connection: Connection, family_id: str) -> bool:
    """End every token that descends from one code; False when that was done before. The row count decides."""
    return connection.run(_REVOKE_FAMILY, family=family_id, at=clock.now()) == 1
