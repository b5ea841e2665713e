"""Where an app keeps what it adds: the memento "Saved by {App}" of one person, and the source behind it."""

from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import ColumnElement, ForeignKey, Index, String, and_, bindparam, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.clients.models import Client
from app.database.session_connection import SessionConnection
from app.database.statements import Statement
from app.database.types import Base

if TYPE_CHECKING:
    from app.consents.models import Consent


class SavedMemento(Base):
    """The own memento of one installation of an app with one person. It is made by the app's first write.

    The app may always read it and change what lies in it. It goes when the person deletes the
    memento or its source; the next write makes a new one.
    """

    __tablename__ = "saved_mementos"
    __table_args__ = (Index(None, "client_id"), Index(None, "memento_id"), Index(None, "integration_id"))

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    client_key: Mapped[str] = mapped_column(
        "client_id", String(60), ForeignKey("clients.key", ondelete="CASCADE"), primary_key=True
    )
    installation: Mapped[str] = mapped_column(String(64), primary_key=True, default="", server_default=text("''"))
    memento_id: Mapped[str] = mapped_column(ForeignKey("mementos.id", ondelete="CASCADE"))
    integration_id: Mapped[str] = mapped_column(ForeignKey("integrations.id", ondelete="CASCADE"))


class Saving(Struct, frozen=True):
    """That a memento is an app's own: it holds what the app added, and the source behind it holds nothing else."""

    app_name: str
    integration_id: str


def is_saved_under(consent: type["Consent"]) -> ColumnElement[bool]:
    """Returns whether the saved memento is that of the consent's installation of its app, with the consent's person."""
    return and_(
        SavedMemento.user_id == consent.user_id,
        SavedMemento.client_key == consent.client_key,
        SavedMemento.installation == consent.installation,
    )


def select_saved(consent: type["Consent"]) -> ColumnElement[str | None]:
    """Returns a column with the id of that memento, for a SELECT that has the consent: cheaper than a join of one more table."""
    saved = select(SavedMemento.memento_id).where(is_saved_under(consent)).correlate(consent)
    return saved.scalar_subquery()


def find_saved_memento_id(session: Session, user_id: str, client_key: str, installation: str | None) -> str | None:
    """Returns the installation's own memento with the person; None before it has added anything.

    ``installation`` is None for one that is only about to be connected.
    """
    of_one = {"user": user_id, "client": client_key, "installation": installation}
    found: str | None = SessionConnection(session).scalar(_FIND_SAVED, **of_one)
    return found


def find_savings(session: Session, user_id: str) -> dict[str, Saving]:
    """Returns, for each memento that is an app's own, whose it is."""
    rows = SessionConnection(session).all(_FIND_SAVINGS, user=user_id)
    return {memento_id: Saving(name, integration_id) for memento_id, name, integration_id in rows}


_FIND_SAVED = Statement(
    select(SavedMemento.memento_id).where(
        SavedMemento.user_id == bindparam("user"),
        SavedMemento.client_key == bindparam("client"),
        SavedMemento.installation == bindparam("installation"),
    )
)
_FIND_SAVINGS = Statement(
    select(SavedMemento.memento_id, Client.name, SavedMemento.integration_id)
    .join_from(SavedMemento, Client, Client.key == SavedMemento.client_key)
    .where(SavedMemento.user_id == bindparam("user"))
)
