"""The records of sign-ups that wait for a letter to be answered, and of links that confirm an address."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.credentials import new_id
from app.database.types import Base, UtcDateTime


class SignUp(Base):
    """A filled-in form of sign-up, for an address of which nobody has looked yet whether it has an account.

    ``browser_digest`` is of what the browser holds that sent it, ``digest`` of the token in the latest letter's link,
    which works until ``expires_at``; there is none before a letter went out, and never for an address with an account.
    ``target`` is a path of ours: where the person was going.
    """

    __tablename__ = "sign_ups"
    __table_args__ = (Index(None, "email"), Index(None, "expires_at"))

    id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: new_id("sup"))
    browser_digest: Mapped[str] = mapped_column(String(64), unique=True)
    digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(100))
    password_hash: Mapped[str] = mapped_column(String(200))
    organization_name: Mapped[str | None] = mapped_column(String(100))
    target: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AddressConfirmation(Base):
    """A link by which a person who has an account shows that its address is theirs. We keep the digest of its token."""

    __tablename__ = "address_confirmations"
    __table_args__ = (Index(None, "user_id"), Index(None, "expires_at"))

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
