"""Mementos that an app has made: which connection made one, and what the app called it."""

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database.types import Base


class MadeMemento(Base):
    """A memento that an app made for a person. It is the person's, and stays when the connection ends.

    ``name`` is what the app called it. The memento itself may have another: the person's names are their own, and an
    app must not learn from a refusal which of them exist.
    """

    __tablename__ = "made_mementos"
    __table_args__ = (Index("uq_made_mementos_grant_id_name", "grant_id", "name", unique=True),)

    memento_id: Mapped[str] = mapped_column(ForeignKey("mementos.id", ondelete="CASCADE"), primary_key=True)
    grant_id: Mapped[str] = mapped_column(ForeignKey("consents.grant_id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(100))
