"""The counters of what is limited."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database.types import Base, UtcDateTime


class RateLimitCounter(Base):
    """How often something limited happened in one window; shared by all processes. ``key`` is a digest."""

    __tablename__ = "rate_limit_counters"
    __table_args__ = (Index(None, "expires_at"),)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
