"""Where an app keeps what it adds: the memento "Saved by {App}" of one person, and the source behind it."""

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, ForeignKey, Index, and_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.database.types import Base

if TYPE_CHECKING:
    from app.consents.models import Consent


class SavedMemento(Base):
    """The app's own memento with one person. It is made by the app's first write.

    The app may always read it and change what lies in it. It goes when the person deletes the
    memento or its source; the next write makes a new one.
    """

    __tablename__ = "saved_mementos"
    __table_args__ = (Index(None, "client_id"), Index(None, "memento_id"), Index(None, "integration_id"))

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id", ondelete="CASCADE"), primary_key=True)
    memento_id: Mapped[str] = mapped_column(ForeignKey("mementos.id", ondelete="CASCADE"))
    integration_id: Mapped[str] = mapped_column(ForeignKey("integrations.id", ondelete="CASCADE"))


def is_saved_under(consent: type["Consent"]) -> ColumnElement[bool]:
    """Whether the saved memento is that of the consent's app with the consent's person."""
    return and_(SavedMemento.user_id == consent.user_id, SavedMemento.client_id == consent.client_id)


def find_saved_memento_id(session: Session, user_id: str, client_key: str) -> str | None:
    """Returns the app's own memento with the person; None before it has added anything."""
    return session.scalar(
        select(SavedMemento.memento_id).where(SavedMemento.user_id == user_id, SavedMemento.client_id == client_key)
    )
