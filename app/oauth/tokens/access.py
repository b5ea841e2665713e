"""The access token (:rfc:`6749#section-1.4`)."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, bindparam, text, update
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.clients.models.seen import SeenClient, insert_while_seen
from app.clients.rows import insert_for_client
from app.consents.resources import API
from app.database.connections import Connection, RowGone
from app.database.statements import Statement
from app.database.statements.decisions import Added
from app.database.types import Base, Digest, UtcMicroseconds
from app.oauth.tokens.snapshot import TokenSnapshot, select_tokens
from app.oauth.tokens.with_client import find_with_client

_HAS_FAMILY, _HAS_NONE = text("family_id IS NOT NULL"), text("family_id IS NULL")


class AccessToken(Base):
    """An access token. One without a family comes from client credentials and belongs to the client's organization.

    ``client_key`` is no foreign key: whoever deletes a client would search every token for it. Without its client a
    token is found by nobody, and it is purged in its time.
    """

    __tablename__ = "oauth_access_tokens"
    # Every index is paid for by every token that is issued. The first serves the purge; each token is in one of the
    # others: in that of its family, or of its client when it is the client's own.
    __table_args__ = (
        Index(None, "expires_at"),
        Index(None, "family_id", sqlite_where=_HAS_FAMILY, postgresql_where=_HAS_FAMILY),
        Index(None, "client_key", sqlite_where=_HAS_NONE, postgresql_where=_HAS_NONE),
    )

    # What has eight bytes comes first: PostgreSQL needs no padding then.
    issued_at: Mapped[datetime] = mapped_column(UtcMicroseconds)
    expires_at: Mapped[datetime] = mapped_column(UtcMicroseconds)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcMicroseconds)
    family_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("oauth_families.id", ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(Digest, primary_key=True)
    client_key: Mapped[str] = mapped_column(String(40))
    audience: Mapped[str] = mapped_column(String(40))
    scope: Mapped[str] = mapped_column(String(1000))


_SELECT_ACCESS_TOKEN = select_tokens(AccessToken, revoked_at=AccessToken.revoked_at, has_family=False)
_FIND_ACCESS_TOKEN = Statement(_SELECT_ACCESS_TOKEN, row=TokenSnapshot)
FIND_ACCESS_TOKEN_WITH_CLIENT = find_with_client(_SELECT_ACCESS_TOKEN, TokenSnapshot)

_ADDED = ("digest", "client_key", "family_id", "audience", "scope", "issued_at", "expires_at")
_INSERT_ACCESS_TOKEN = Statement(insert_for_client(AccessToken, _ADDED))
_INSERT_WHILE_SEEN = Statement(insert_while_seen(AccessToken, _ADDED))

#: The token of a family that is added with what decides that it may exist.
ADDED_ACCESS_TOKEN = Added(
    AccessToken,
    {
        "digest": "access_digest",
        "client_key": "client_key",
        "family_id": "family_id",
        "audience": "access_audience",
        "scope": "access_scope",
        "issued_at": "issued_at",
        "expires_at": "access_expires_at",
    },
)

_REVOKE_ACCESS_TOKEN = Statement(
    update(AccessToken)
    .where(AccessToken.digest == bindparam("token_digest"), AccessToken.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"))
)


def find_access_token(connection: Connection, token_digest: str) -> TokenSnapshot | None:
    """Returns the access token, in whatever state it is: one SELECT answers who it is and what it may do."""
    token: TokenSnapshot | None = connection.first(_FIND_ACCESS_TOKEN, token_digest=token_digest)
    return token


def add_access_token(
    connection: Connection,
    *,
    digest: str,
    client_key: str,
    family_id: int | None,
    scope: str,
    issued_at: datetime,
    expires_at: datetime,
    audience: str = API,
    seen: SeenClient | None = None,
) -> None:
    """Add a token. Raises :class:`RowGone` when its client or its family was deleted since it was looked up.

    Given the client as it was ``seen``, also when anything about it is not so any more, or its secret does not work.
    """
    values = {
        "digest": digest,
        "client_key": client_key,
        "family_id": family_id,
        "audience": audience,
        "scope": scope,
        "issued_at": issued_at,
        "expires_at": expires_at,
    }
    if seen is None:
        is_added = connection.run(_INSERT_ACCESS_TOKEN, **values)
    else:
        is_added = connection.run(_INSERT_WHILE_SEEN, **values, **seen.values, at=issued_at)
    if not is_added:
        raise RowGone


def revoke_access_token(connection: Connection, token_digest: str) -> None:
    """End this access token alone."""
    connection.run(_REVOKE_ACCESS_TOKEN, token_digest=token_digest, at=clock.now())
