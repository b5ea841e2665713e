"""The record of what an address takes back, and of a change of address from when it is asked for."""

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

    Where both addresses are the same, the address stayed: then it is that a first second step was set up, which the
    mailbox takes back in the same way (:mod:`app.accounts.addresses.first_steps`).
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

    @property
    def is_first_step(self) -> bool:
        """Whether it is about a second step at sign-in, and not about another address."""
        return self.was == self.email
