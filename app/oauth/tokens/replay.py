"""A replay: a code or a refresh token that came a second time, upon which its family was ended."""

from datetime import UTC, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, bindparam, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app import clock, credentials
from app.consents.events import APP, REPLAYED, add_event
from app.consents.telling import tell_replay
from app.database.connections import Connection
from app.database.session_connection import SessionConnection
from app.database.statements import Statement
from app.database.types import Base, UtcDateTime

CODE, REFRESH_TOKEN = "code", "refresh_token"
_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_LISTED = 100


class TokenReplay(Base):
    """What ended a family, for the person whose consent it is. One a family at most, however often it comes again.

    It outlives the family, which is purged with its last token.
    """

    __tablename__ = "token_replays"
    __table_args__ = (
        CheckConstraint("presented IN ('code', 'refresh_token')", name="presented"),
        Index(None, "grant_id", "at"),
        Index(None, "at"),
    )

    # The version before puts the family's id here. Nobody reads it, and a number of ours may name another one later.
    family_id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: credentials.new_id("replay"))
    grant_id: Mapped[str] = mapped_column(ForeignKey("consents.grant_id", ondelete="CASCADE"))
    presented: Mapped[str] = mapped_column(String(13))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


_INSERT_REPLAY = Statement(
    insert(TokenReplay).values({name: bindparam(name) for name in ("family_id", "grant_id", "presented", "at")})
)
_LIST_REPLAYS = Statement(
    select(TokenReplay.at)
    .where(TokenReplay.grant_id == bindparam("grant"), TokenReplay.at >= bindparam("since"))
    .order_by(TokenReplay.at.desc())
    .limit(_MOST_LISTED)
)


def add_token_replay(connection: Connection, *, grant_id: str, presented: str, sends_mail: bool) -> None:
    """Write down that a family was ended by a replay, and tell the person; in the transaction that ended it."""
    at = clock.now()
    connection.run(
        _INSERT_REPLAY, family_id=credentials.new_id("replay"), grant_id=grant_id, presented=presented, at=at
    )
    # Whoever held it came by the app's way, be it the app or a thief.
    add_event(connection, grant_id, REPLAYED, actor=APP, at=at, changed={"presented": presented})
    tell_replay(connection, grant_id, sends_mail=sends_mail)


def list_replays(session: Session, grant_id: str, since: datetime = _ALWAYS) -> list[datetime]:
    """Returns when an old key of the app came a second time, so that a sign-in's keys were ended; the latest first."""
    return [at for (at,) in SessionConnection(session).all(_LIST_REPLAYS, grant=grant_id, since=since)]
