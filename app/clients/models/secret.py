"""The secrets of a confidential client (:rfc:`6749#section-2.3.1`)."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app import clock
from app.credentials import new_id
from app.database.types import Base, UtcDateTime

if TYPE_CHECKING:
    from app.clients.models.client import Client


class ClientSecret(Base):
    """One secret of a confidential client. A client may have several, so that rotation needs no downtime."""

    __tablename__ = "client_secrets"
    __table_args__ = (Index(None, "client_id"),)

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(40), unique=True, default=lambda: new_id("sec"))
    hint: Mapped[str] = mapped_column(String(4))
    label: Mapped[str] = mapped_column(String(100), default="")
    client_key: Mapped[str] = mapped_column("client_id", String(60), ForeignKey("clients.key", ondelete="CASCADE"))
    # Outlives whoever made it, as the audit log does, so it is no foreign key.
    created_by_user_id: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: When somebody let it stay as it is, although whoever made it has left the organization.
    let_pass_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    client: Mapped["Client"] = relationship(back_populates="secrets")

    def is_live(self) -> bool:
        """Returns whether it still works."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > clock.now())
