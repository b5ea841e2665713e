"""The records of links that set a new password, and of what a person is asked to look at afterwards."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.database.types import Base, UtcDateTime


class PasswordReset(Base):
    """The one link of a person that sets a new password; a new one takes the place of the older. We keep its digest.

    It works for the address and the password that the person had when it was made (``email``, ``password_digest``), and
    ``by_mail`` when a letter brought it. Whoever sends the form uses it up: ``new_password_hash`` then waits for the
    end of the sign-in, which may ask for more, and ``target`` is where the person was going.
    """

    __tablename__ = "password_resets"
    __table_args__ = (Index(None, "expires_at"),)

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str] = mapped_column(String(254))
    password_digest: Mapped[str] = mapped_column(String(64))
    by_mail: Mapped[bool] = mapped_column(Boolean)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    new_password_hash: Mapped[str | None] = mapped_column(String(200))
    target: Mapped[str] = mapped_column(Text, default="")


class LookBack(Base):
    """That a person took their account back, and is asked which of the apps connected before are theirs.

    ``sign_ins`` are those that were ended by it, the latest first: ``at`` (ISO text), ``user_agent`` and ``address``.
    ``kept`` are the grant ids of what the person has looked at and keeps; ``target`` is where they were going.
    """

    __tablename__ = "look_backs"
    __table_args__ = (Index(None, "begun_at"),)

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    sign_ins: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    kept: Mapped[list[str]] = mapped_column(JSON, default=list)
    target: Mapped[str] = mapped_column(Text, default="")
