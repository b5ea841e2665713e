"""The record of a change of address, from when it is asked for until it cannot be taken back any more."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.credentials import new_id
from app.database.types import Base, UtcDateTime


class AddressChange(Base):
    """That a person wants ``email`` to be their address instead of ``was``, and since ``changed_at`` that it is.

    Until then ``digest`` is of the token in the latest letter to the new address, whose link works until ``expires_at``.
    From then on ``back_digest`` is of the one in the letter to the old address. The row goes at ``expires_at``, which is
    then the end of the week.
    """

    __tablename__ = "address_changes"
    __table_args__ = (Index(None, "user_id"), Index(None, "expires_at"))

    id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: new_id("adc"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    was: Mapped[str] = mapped_column(String(254))
    email: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    back_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
