"""The consent: what one person allowed one client. On the wire its handle is ``grant_id``."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, bindparam, func, literal_column, select, text, type_coerce, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.clock import now
from app.credentials import new_id
from app.database import Connection, Lines, Statement, UtcDateTime
from app.extensions import db
from app.memories.models import Memento
from app.oauth.models.client import Client

#: What a consent reaches: everything (also what is added later), the chosen mementos, or nothing.
SELECTIONS = ("all", "selected", "none")


class Consent(db.Model):
    """What one person allowed one client. At most one of a pair is not revoked."""

    __tablename__ = "consents"
    __table_args__ = (
        CheckConstraint("selection IN ('all', 'selected', 'none')", name="selection"),
        Index(
            "uq_consents_user_id_client_id_unrevoked",
            "user_id",
            "client_id",
            unique=True,
            sqlite_where=text("revoked_at IS NULL"),
            postgresql_where=text("revoked_at IS NULL"),
        ),
        Index(None, "client_id"),
        Index(None, "user_id"),
    )

    grant_id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: new_id("grant"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id", ondelete="CASCADE"))
    scope: Mapped[str] = mapped_column(String(1000))
    selection: Mapped[str] = mapped_column(String(10))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    client: Mapped[Client] = relationship()
    mementos: Mapped[list[Memento]] = relationship(secondary="consent_mementos", order_by=Memento.name)


class ConsentMemento(db.Model):
    """One memento a consent covers."""

    __tablename__ = "consent_mementos"
    __table_args__ = (Index(None, "memento_id"),)

    grant_id: Mapped[str] = mapped_column(ForeignKey("consents.grant_id", ondelete="CASCADE"), primary_key=True)
    memento_id: Mapped[str] = mapped_column(ForeignKey("mementos.id", ondelete="CASCADE"), primary_key=True)


def chosen_memento_ids(grant_id_column):
    """A scalar subquery that reads as the list of the chosen mementos' ids, or None when there are none."""
    ids = (
        select(func.aggregate_strings(ConsentMemento.memento_id, literal_column("'\n'")))
        .where(ConsentMemento.grant_id == grant_id_column)
        .correlate(Consent)
        .scalar_subquery()
    )
    return type_coerce(ids, Lines)


@dataclass(slots=True)
class ConsentSnapshot:
    """A live consent as one SELECT saw it."""

    grant_id: str
    scope: str
    selection: str
    expires_at: datetime | None


_FIND_CONSENT = Statement(
    select(Consent.grant_id, Consent.scope, Consent.selection, Consent.expires_at).where(
        Consent.user_id == bindparam("user_id"),
        Consent.client_id == bindparam("client_id"),
        Consent.revoked_at.is_(None),
    ),
    row=ConsentSnapshot,
)

_TOUCH_CONSENT = Statement(
    update(Consent).where(Consent.grant_id == bindparam("consent")).values(last_used_at=bindparam("at"))
)


def find_live_consent(connection: Connection, user_id: str, client_id: str) -> ConsentSnapshot | None:
    """The pair's consent, unless it was revoked or its end has come."""
    consent = connection.first(_FIND_CONSENT, user_id=user_id, client_id=client_id)
    if consent is None or (consent.expires_at is not None and consent.expires_at <= now()):
        return None
    return consent
