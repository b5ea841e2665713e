"""The refresh token (:rfc:`6749#section-1.5`): used once, and followed by the next."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, SmallInteger, String, bindparam, exists, text, update
from sqlalchemy.orm import Mapped, aliased, mapped_column

from app import clock
from app.database.connections import Connection
from app.database.statements import Statement
from app.database.statements.decisions import Added, Decision
from app.database.types import Base, Digest, UtcMicroseconds
from app.oauth.tokens.access import ADDED_ACCESS_TOKEN
from app.oauth.tokens.asked import MOST_IN_AUDIENCE, select_asked
from app.oauth.tokens.family import TokenFamily, demand_client, is_held
from app.oauth.tokens.snapshot import TokenSnapshot, select_tokens
from app.oauth.tokens.with_client import find_with_client


class RefreshToken(Base):
    """A refresh token. It is used once: rotation marks it and adds its successor.

    ``successor_salt`` is kept only when there is a refresh grace. With the old token
    itself it gives the successor again; neither alone does. ``repeats`` counts how often it was given again.
    """

    __tablename__ = "oauth_refresh_tokens"
    __table_args__ = (Index(None, "family_id"), Index(None, "expires_at"))

    issued_at: Mapped[datetime] = mapped_column(UtcMicroseconds)
    expires_at: Mapped[datetime] = mapped_column(UtcMicroseconds)
    rotated_at: Mapped[datetime | None] = mapped_column(UtcMicroseconds)
    family_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("oauth_families.id", ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(Digest, primary_key=True)
    # Repeats what the family's consent says; a deleted client takes the token with it by that way.
    client_key: Mapped[str] = mapped_column(String(40))
    audience: Mapped[str] = mapped_column(String(MOST_IN_AUDIENCE))
    resources: Mapped[str | None] = mapped_column(String(1000))
    scope: Mapped[str] = mapped_column(String(1000))
    successor_digest: Mapped[str | None] = mapped_column(Digest)
    successor_salt: Mapped[str | None] = mapped_column(Digest)
    repeats: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))


class RefreshSnapshot(TokenSnapshot):
    """A refresh token, and whether the token that followed it was used in its turn."""

    rotated_at: datetime | None
    successor_salt: str | None
    successor_rotated_at: datetime | None
    keeps_first_end: bool | None


_successor = aliased(RefreshToken)

_SELECT_REFRESH_TOKEN = select_tokens(
    RefreshToken,
    RefreshToken.rotated_at,
    RefreshToken.successor_salt,
    _successor.rotated_at.label("successor_rotated_at"),
    TokenFamily.keeps_first_end,
    # It ends with its family, and has no end of its own.
    revoked_at=TokenFamily.revoked_at,
    has_family=True,
    audience=select_asked(RefreshToken),
).outerjoin(_successor, _successor.digest == RefreshToken.successor_digest)
_FIND_REFRESH_TOKEN = Statement(_SELECT_REFRESH_TOKEN, row=RefreshSnapshot)
FIND_REFRESH_TOKEN_WITH_CLIENT = find_with_client(_SELECT_REFRESH_TOKEN, RefreshSnapshot)

#: The token that is added with what decides that it may exist.
ADDED_REFRESH_TOKEN = Added(
    RefreshToken,
    {
        "digest": "refresh_digest",
        "client_key": "client_key",
        "family_id": "family_id",
        "audience": "refresh_audience",
        "resources": "refresh_resources",
        "scope": "refresh_scope",
        "issued_at": "issued_at",
        "expires_at": "refresh_expires_at",
    },
)

_ROTATE_REFRESH_TOKEN = Decision(
    update(RefreshToken)
    .where(RefreshToken.digest == bindparam("token_digest"), RefreshToken.rotated_at.is_(None), is_held(RefreshToken))
    .values(
        rotated_at=bindparam("at"),
        successor_digest=bindparam("next_digest"),
        successor_salt=bindparam("next_salt"),
    )
    .returning(RefreshToken.rotated_at),
    ADDED_ACCESS_TOKEN,
    ADDED_REFRESH_TOKEN,
)

# The row decides, whoever comes at the same moment; so what was true of the snapshot is asked again.
_COUNT_REPEAT = Decision(
    update(RefreshToken)
    .where(
        RefreshToken.digest == bindparam("token_digest"),
        RefreshToken.repeats < bindparam("most"),
        is_held(RefreshToken),
        ~exists().where(_successor.digest == RefreshToken.successor_digest, _successor.rotated_at.is_not(None)),
    )
    .values(repeats=RefreshToken.repeats + 1)
    .returning(RefreshToken.repeats),
    ADDED_ACCESS_TOKEN,
)


def find_refresh_token(connection: Connection, token_digest: str) -> RefreshSnapshot | None:
    """Returns the refresh token, in whatever state it is."""
    token: RefreshSnapshot | None = connection.first(_FIND_REFRESH_TOKEN, token_digest=token_digest)
    return token


def rotate_refresh_token(
    connection: Connection,
    token_digest: str,
    *,
    client_key: str,
    family_id: int | None,
    successor_salt: str | None,
    tokens: Mapping[str, Any],
) -> bool:
    """Mark the token rotated, and add ``tokens``: the values of an access token and of its successor.

    Returns whether it was this call that did: the row decides, not what was read before. Raises :class:`RowGone` when
    the client has ended since it was looked up.
    """
    rotated = connection.decide(
        _ROTATE_REFRESH_TOKEN,
        token_digest=token_digest,
        held_client=client_key,
        held_family=family_id,
        at=clock.now(),
        next_digest=tokens["refresh_digest"],
        next_salt=successor_salt,
        **tokens,
    )
    if rotated is None:
        demand_client(connection, client_key)
    return rotated is not None


def count_repeat(
    connection: Connection,
    token_digest: str,
    *,
    client_key: str,
    family_id: int | None,
    most: int,
    tokens: Mapping[str, Any],
) -> bool:
    """Count that a rotated token's successor is given again, and add ``tokens``: the values of another access token.

    Returns whether it may be: not when it was so ``most`` times, nor when the successor is in use. Raises
    :class:`RowGone` when the client has ended since it was looked up.
    """
    held = {"held_client": client_key, "held_family": family_id}
    counted = connection.decide(_COUNT_REPEAT, token_digest=token_digest, most=most, **held, **tokens)
    if counted is None:
        demand_client(connection, client_key)
    return counted is not None
