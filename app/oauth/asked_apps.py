"""Apps that a person was asked about and did not connect: kept for a while, so that they find the way back."""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, bindparam, delete, exists, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from app import clock
from app.clients.models import Client
from app.consents.live import is_live
from app.consents.models import Consent
from app.credentials import new_id
from app.database.connections import Connection
from app.database.statements import Statement
from app.database.types import Base, UtcDateTime

#: How long an app stays among them.
KEPT_FOR = timedelta(days=30)
#: So many are shown, the latest first.
_MOST_SHOWN = 5


class AskedApp(Base):
    """An app whose request a person cancelled. Nothing of the request is kept."""

    __tablename__ = "asked_apps"
    __table_args__ = (UniqueConstraint("user_id", "client_key"), Index(None, "client_key"), Index(None, "asked_at"))

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    client_key: Mapped[str] = mapped_column(String(40), ForeignKey("clients.key", ondelete="CASCADE"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)

    client: Mapped[Client] = relationship()


# Written out, because SQLAlchemy has this clause only per dialect; both databases read the same words.
_NOTE = Statement(
    text(
        """
        INSERT INTO asked_apps (id, user_id, client_key, asked_at) VALUES (:id, :user, :client, :at)
        ON CONFLICT (user_id, client_key) DO UPDATE SET asked_at = excluded.asked_at
        """
    ).bindparams(bindparam("at", type_=UtcDateTime()))
)
_FORGET = Statement(
    delete(AskedApp).where(AskedApp.user_id == bindparam("user"), AskedApp.client_key == bindparam("client"))
)


def note_asked(connection: Connection, user_id: str, client_key: str) -> None:
    """Keep the app among those that were asked about. To be called when a person cancels its request."""
    connection.run(_NOTE, id=new_id("ask"), user=user_id, client=client_key, at=clock.now())


def forget_asked(connection: Connection, user_id: str, client_key: str) -> None:
    """Take an app off: the person has connected it."""
    connection.run(_FORGET, user=user_id, client=client_key)


def list_asked(session: Session, user_id: str) -> list[AskedApp]:
    """Returns the apps that a person was asked about in the last 30 days and has not connected, the latest first."""
    is_connected = exists().where(
        Consent.user_id == user_id, Consent.client_key == AskedApp.client_key, is_live(Consent)
    )
    return list(
        session.scalars(
            select(AskedApp)
            .join(Client, Client.key == AskedApp.client_key)
            .where(
                AskedApp.user_id == user_id,
                AskedApp.asked_at > clock.now() - KEPT_FOR,
                Client.ended_at.is_(None),
                ~is_connected,
            )
            .order_by(AskedApp.asked_at.desc(), AskedApp.id)
            .limit(_MOST_SHOWN)
        )
    )


def remove_asked(session: Session, user_id: str, asked_id: str) -> str | None:
    """Forget that a person was asked. Returns the app's name; None when there is no such thing of theirs."""
    found = session.scalar(select(AskedApp).where(AskedApp.id == asked_id, AskedApp.user_id == user_id))
    if found is None:
        return None
    name = found.client.name
    session.delete(found)
    return name
