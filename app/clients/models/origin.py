"""The web origins of a client (CORS)."""

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database.types import Base


class ClientOrigin(Base):
    """A web origin whose scripts may call us for one client, such as ``https://app.example.com``."""

    __tablename__ = "client_origins"
    __table_args__ = (Index(None, "origin"),)

    client_key: Mapped[str] = mapped_column(
        "client_id", String(60), ForeignKey("clients.key", ondelete="CASCADE"), primary_key=True
    )
    origin: Mapped[str] = mapped_column(String(300), primary_key=True)
