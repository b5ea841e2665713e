"""The records of a person's second factors, and of sign-ins that wait for one."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.database.types import Base, UtcDateTime


class OneTimeCodes(Base):
    """The secret that a person's authenticator app makes codes from, sealed (:mod:`app.accounts.factors.sealing`).

    ``pending`` is one that was shown and that no code has confirmed yet. ``last_step`` is the time step, of 30 seconds
    since 1970, of the newest code that was taken: neither it nor one before it is taken again.
    """

    __tablename__ = "one_time_codes"
    __table_args__ = (Index(None, "pending_at"),)

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    sealed: Mapped[str | None] = mapped_column(String(400))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_step: Mapped[int | None] = mapped_column(BigInteger)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    pending: Mapped[str | None] = mapped_column(String(400))
    pending_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RecoveryCode(Base):
    """One of the ten codes for who has lost every other factor. We keep its digest; it works once."""

    __tablename__ = "recovery_codes"
    __table_args__ = (Index(None, "user_id"),)

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class WaitingSignIn(Base):
    """A sign-in that lacks only the second factor. The browser holds the credential, we its digest."""

    __tablename__ = "waiting_sign_ins"
    __table_args__ = (Index(None, "user_id", "expires_at"), Index(None, "expires_at"))

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    shown: Mapped[str] = mapped_column(String(60))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
