"""The token tables of the version before, which may still run beside this one. Triggers keep them the same as ours.

Nothing here reads or writes them. They go with the next revision, and this file with them.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    text,
)

from app.database.types import Base, UtcDateTime


def _digest(name: str = "digest", *, nullable: bool = False) -> Column[str]:
    return Column(name, String(64), primary_key=name == "digest", nullable=nullable)


def _at(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, UtcDateTime, nullable=nullable)


def _family(*, nullable: bool = False) -> Column[str]:
    return Column("family_id", ForeignKey("token_families.family_id", ondelete="CASCADE"), nullable=nullable)


_HAS_FAMILY = text("family_id IS NOT NULL")

#: Which number a family of the version before has in ours.
FAMILY_NUMBERS = Table(
    "token_family_numbers",
    Base.metadata,
    Column("family_id", String(40), nullable=False),
    Column("number", BigInteger, nullable=False),
    PrimaryKeyConstraint("family_id"),
    UniqueConstraint("number"),
)

FAMILIES = Table(
    "token_families",
    Base.metadata,
    Column("family_id", String(40), primary_key=True),
    Column("grant_id", ForeignKey("consents.grant_id", ondelete="CASCADE"), nullable=False),
    _at("issued_at"),
    _at("revoked_at", nullable=True),
    Index(None, "grant_id"),
    Index(None, "issued_at"),
)

CODES = Table(
    "authorization_codes",
    Base.metadata,
    _digest(),
    Column("client_id", String(60), nullable=False),
    _family(),
    Column("redirect_uri", String(2000), nullable=False),
    Column("scope", String(1000), nullable=False),
    Column("code_challenge", String(43)),
    _at("issued_at"),
    _at("expires_at"),
    _at("redeemed_at", nullable=True),
    Index(None, "family_id"),
    Index(None, "expires_at"),
)

ACCESS_TOKENS = Table(
    "access_tokens",
    Base.metadata,
    _digest(),
    Column("hint", String(4), nullable=False),
    Column("client_id", String(60), ForeignKey("clients.key", ondelete="CASCADE"), nullable=False),
    _family(nullable=True),
    Column("scope", String(1000), nullable=False),
    _at("issued_at"),
    _at("expires_at"),
    _at("revoked_at", nullable=True),
    Index(None, "client_id", "expires_at"),
    Index(None, "family_id", sqlite_where=_HAS_FAMILY, postgresql_where=_HAS_FAMILY),
)

REFRESH_TOKENS = Table(
    "refresh_tokens",
    Base.metadata,
    _digest(),
    Column("hint", String(4), nullable=False),
    Column("client_id", String(60), nullable=False),
    _family(),
    Column("scope", String(1000), nullable=False),
    _at("issued_at"),
    _at("expires_at"),
    _at("rotated_at", nullable=True),
    _digest("successor_digest", nullable=True),
    Column("successor_salt", String(64)),
    Column("repeats", SmallInteger, server_default=text("0"), nullable=False),
    Index(None, "family_id"),
    Index(None, "expires_at"),
)
