"""The record of a network that a person signs in from."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.credentials import new_id
from app.database.types import Base, UtcDateTime


class KnownPlace(Base):
    """A network that a person has signed in from, and what they call it, if they have given it a name."""

    __tablename__ = "known_places"
    __table_args__ = (UniqueConstraint("user_id", "network"), Index(None, "last_seen_at"))

    id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: new_id("plc"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    network: Mapped[str] = mapped_column(String(45))
    name: Mapped[str] = mapped_column(String(60), default="")
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
