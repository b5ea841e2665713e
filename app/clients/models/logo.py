"""The logo of a client."""

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database.types import Base


class ClientLogo(Base):
    """A client's logo, always PNG as we encoded it ourselves. ``digest`` is of the image and stands in its address."""

    __tablename__ = "client_logos"

    client_key: Mapped[str] = mapped_column(
        "client_id", String(60), ForeignKey("clients.key", ondelete="CASCADE"), primary_key=True
    )
    digest: Mapped[str] = mapped_column(String(64))
    image: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
