"""The token family: what descends from one authorization code, and ends at once."""

from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import BigInteger, Boolean, ColumnElement, ForeignKey, Index, Integer, bindparam, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.clients.models import Client
from app.database.connections import Connection, RowGone
from app.database.locks import to_refer_to
from app.database.statements import Statement
from app.database.types import Base, UtcMicroseconds

#: However often its refresh tokens are rotated, a family ends so long after its code was issued.
FAMILY_LIFETIME = timedelta(days=365)


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
    #: Whether its refresh tokens end when the first one does. What a client registers later does not prolong them. None
    #: for a family that is older than the question.
    keeps_first_end: Mapped[bool | None] = mapped_column(Boolean)
    #: True when its scopes name ``profile`` if they have it. None: they have it, named or not, as whatever is older than
    #: that scope, and what an app is given that is.
    names_profile: Mapped[bool | None] = mapped_column(Boolean)


def is_held(token: Any) -> ColumnElement[bool]:
    """Returns the condition that a code or token is of the family ``held_family`` of the client ``held_client``.

    The statement that asks has both from then on, so that neither is deleted before its transaction ends. They come
    before the token in the order of locks, and the tokens that are added refer to them: an app that is deleted at the
    same moment waits, or was quicker, and then there is nothing to change. Nor is there for one that has ended.
    """
    family = select(TokenFamily.id).select_from(Client).join(TokenFamily, TokenFamily.id == bindparam("held_family"))
    known = Client.key == bindparam("held_client"), Client.ended_at.is_(None)
    held = to_refer_to(family.where(*known), Client, TokenFamily)
    return cast(ColumnElement[bool], token.family_id == held.scalar_subquery())


_INSERT_FAMILY = Statement(
    insert(TokenFamily)
    .values(
        grant_id=bindparam("grant_id"),
        issued_at=bindparam("issued_at"),
        keeps_first_end=bindparam("keeps_first_end"),
        names_profile=bindparam("names_profile"),
    )
    .returning(TokenFamily.id)
)

_FIND_CLIENT = Statement(select(Client.key).where(Client.key == bindparam("held_client"), Client.ended_at.is_(None)))

_REVOKE_FAMILY = Statement(
    update(TokenFamily)
    .where(TokenFamily.id == bindparam("family"), TokenFamily.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"))
)


def add_family(
    connection: Connection,
    *,
    grant_id: str,
    issued_at: datetime,
    keeps_first_end: bool,
    names_profile: bool | None,
) -> int:
    """Add a family. Returns its number. Raises :class:`RowGone` when the consent was deleted since it was looked up."""
    number: int = connection.first(
        _INSERT_FAMILY,
        grant_id=grant_id,
        issued_at=issued_at,
        keeps_first_end=keeps_first_end,
        names_profile=names_profile,
    ).id
    return number


def demand_client(connection: Connection, client_key: str) -> None:
    """Raises :class:`RowGone` when the client has ended: for whoever finds that nothing is held."""
    if connection.first(_FIND_CLIENT, held_client=client_key) is None:
        raise RowGone


def revoke_family(connection: Connection, family_id: int) -> bool:
    """End every token that descends from one code.

    Returns whether it was this call that did: the row count decides, not what was read before.
    """
    return connection.run(_REVOKE_FAMILY, family=family_id, at=clock.now()) == 1
