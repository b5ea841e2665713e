"""The token family: what descends from one authorization code, and ends at once."""

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, bindparam, insert, update
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.database.connections import Connection
from app.database.statements import Statement
from app.database.types import Base, UtcMicroseconds

#: However often its refresh tokens are rotated, a family ends so long after its code was issued.
FAMILY_LIFETIME = timedelta(days=365)

#: The audience of a code or token that is for this server's own API.
API = "api"


class TokenFamily(Base):
    """Every token that descends from one authorization code. Revoking this one row ends them all.

    That the end is a row of its own, and not a mark on each token, is what makes it certain:
    a rotation that commits at the same moment cannot add a token that escapes it.
    A token has its connection by its family. No number is given twice.
    """

    __tablename__ = "oauth_families"
    __table_args__ = (Index(None, "grant_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    issued_at: Mapped[datetime] = mapped_column(UtcMicroseconds)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcMicroseconds)
    grant_id: Mapped[str] = mapped_column(ForeignKey("consents.grant_id", ondelete="CASCADE"))


_INSERT_FAMILY = Statement(
    insert(TokenFamily)
    .values(grant_id=bindparam("grant_id"), issued_at=bindparam("issued_at"))
    .returning(TokenFamily.id)
)

_REVOKE_FAMILY = Statement(
    update(TokenFamily)
    .where(TokenFamily.id == bindparam("family"), TokenFamily.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"))
)


def add_family(connection: Connection, *, grant_id: str, issued_at: datetime) -> int:
    """Add a family. Returns its number. Raises :class:`RowGone` when the consent was deleted since it was looked up."""
    number: int = connection.first(_INSERT_FAMILY, grant_id=grant_id, issued_at=issued_at).id
    return number


def revoke_family(connection: Connection, family_id: int) -> bool:
    """End every token that descends from one code.

    Returns whether it was this call that did: the row count decides, not what was read before.
    """
    return connection.run(_REVOKE_FAMILY, family=family_id, at=clock.now()) == 1
