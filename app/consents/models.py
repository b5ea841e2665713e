"""The consent: what one person allowed one client. On the wire its handle is ``grant_id``."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    bindparam,
    case,
    delete,
    false,
    func,
    insert,
    literal_column,
    select,
    text,
    type_coerce,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app import clock
from app.clients.models import Client
from app.credentials import new_id
from app.database.connections import Connection
from app.database.engine import has_no_effect
from app.database.statements import Statement
from app.database.types import Lines, UtcDateTime
from app.extensions import db
from app.memories.models import Memento
from app.scopes import format_scope, parse_scope

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
    #: What the app asked for as optional and the person left out: it is not asked about again and again.
    declined_scope: Mapped[str] = mapped_column(String(1000), default="", server_default=text("''"))
    selection: Mapped[str] = mapped_column(String(10))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    client: Mapped[Client] = relationship()
    mementos: Mapped[list[Memento]] = relationship(secondary="consent_mementos", order_by=Memento.name)

    def is_live(self) -> bool:
        """Whether it was neither revoked nor has come to its end."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > clock.now())


class ConsentMemento(db.Model):
    """One memento a consent covers: to read, and if the person ticked that too, to change what lies in it."""

    __tablename__ = "consent_mementos"
    __table_args__ = (Index(None, "memento_id"),)

    grant_id: Mapped[str] = mapped_column(ForeignKey("consents.grant_id", ondelete="CASCADE"), primary_key=True)
    memento_id: Mapped[str] = mapped_column(ForeignKey("mementos.id", ondelete="CASCADE"), primary_key=True)
    can_write: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())


#: What follows the id of a chosen memento that the app may also write in, see :func:`chosen_mementos`.
WRITE_TICK = " write"


def chosen_mementos(grant_id_column):
    """A scalar subquery that reads as a list of what was chosen, or None when there is nothing.

    One string a memento: its id, followed by :data:`WRITE_TICK` if the person ticked that too.
    """
    chosen = ConsentMemento.memento_id + case((ConsentMemento.can_write, WRITE_TICK), else_="")
    ids = (
        select(func.aggregate_strings(chosen, literal_column("'\n'")))
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
    declined_scope: str
    selection: str
    expires_at: datetime | None
    paused_at: datetime | None


_FIND_CONSENT = Statement(
    select(
        Consent.grant_id,
        Consent.scope,
        Consent.declined_scope,
        Consent.selection,
        Consent.expires_at,
        Consent.paused_at,
    ).where(
        Consent.user_id == bindparam("user_id"),
        Consent.client_id == bindparam("client_id"),
        Consent.revoked_at.is_(None),
    ),
    row=ConsentSnapshot,
)

_TOUCH_CONSENT = Statement(
    update(Consent).where(Consent.grant_id == bindparam("consent")).values(last_used_at=bindparam("at"))
)

# An ended consent is never prolonged: tokens that hang on it would come back to life.
_CLOSE_ENDED_CONSENT = Statement(
    update(Consent)
    .where(
        Consent.user_id == bindparam("user"),
        Consent.client_id == bindparam("client"),
        Consent.revoked_at.is_(None),
        Consent.expires_at <= bindparam("at"),
    )
    .values(revoked_at=bindparam("at"))
)

# Written out, because SQLAlchemy has this clause only per dialect; both databases read the same words.
_UPSERT_CONSENT = Statement(
    text(
        """
        INSERT INTO consents
            (grant_id, user_id, client_id, scope, declined_scope, selection, issued_at, updated_at, expires_at)
        VALUES (:grant_id, :user_id, :client_id, :scope, :declined, :selection, :at, :at, :until)
        ON CONFLICT (user_id, client_id) WHERE revoked_at IS NULL
        DO UPDATE SET scope = excluded.scope, declined_scope = excluded.declined_scope,
            selection = excluded.selection, updated_at = excluded.updated_at,
            expires_at = excluded.expires_at,
            paused_at = CASE WHEN :resumes THEN NULL ELSE consents.paused_at END
        RETURNING grant_id, scope, declined_scope, selection, expires_at, paused_at
        """
    )
    .bindparams(
        bindparam("at", type_=UtcDateTime()),
        bindparam("until", type_=UtcDateTime()),
        bindparam("resumes", type_=Boolean()),
    )
    .columns(
        grant_id=String,
        scope=String,
        declined_scope=String,
        selection=String,
        expires_at=UtcDateTime,
        paused_at=UtcDateTime,
    ),
    row=ConsentSnapshot,
)

_FIND_CHOICE = Statement(
    select(ConsentMemento.memento_id, ConsentMemento.can_write).where(ConsentMemento.grant_id == bindparam("grant"))
)

_DELETE_CHOICE = Statement(delete(ConsentMemento).where(ConsentMemento.grant_id == bindparam("grant")))

_INSERT_CHOICE = Statement(
    insert(ConsentMemento).from_select(
        ["grant_id", "memento_id", "can_write"],
        select(bindparam("grant", type_=String), Memento.id, bindparam("may_write", type_=Boolean)).where(
            Memento.id == bindparam("memento"), Memento.user_id == bindparam("user")
        ),
    )
)


def find_live_consent(connection: Connection, user_id: str, client_id: str) -> ConsentSnapshot | None:
    """The pair's consent, unless it was revoked or its end has come."""
    consent = connection.first(_FIND_CONSENT, user_id=user_id, client_id=client_id)
    if consent is None or (consent.expires_at is not None and consent.expires_at <= clock.now()):
        return None
    return consent


def find_consent_mementos(connection: Connection, grant_id: str) -> dict[str, bool]:
    """The ids of the mementos a consent covers by name, each with whether the app may also write in it."""
    return {row.memento_id: row.can_write for row in connection.all(_FIND_CHOICE, grant=grant_id)}


def record_consent(
    connection: Connection,
    *,
    user_id: str,
    client_id: str,
    scope: str,
    selection: str | None,
    memento_ids: Iterable[str],
    writable_ids: Iterable[str] = (),
    expires_at: datetime | None = None,
    declined: Iterable[str] = (),
    resumes: bool = False,
) -> ConsentSnapshot:
    """Write down what the person decided; to be called inside a transaction.

    A paused consent stays paused unless the person ``resumes`` it, on a button that said so.

    Scopes that were allowed before stay allowed, and are shown as such, except those ``declined`` now, which
    are kept as declined. ``selection`` is None when the request looks through no memento: then an earlier
    choice stays as it is.
    ``writable_ids`` are those of the mementos that the app may also write in; ``expires_at`` is
    the end of it all, None for "until I end it".
    """
    connection.run(_CLOSE_ENDED_CONSENT, user=user_id, client=client_id, at=clock.now())
    before = find_live_consent(connection, user_id, client_id)
    left_out = set(declined)
    allowed = parse_scope(scope) | parse_scope(before.scope if before else "") - left_out
    consent = connection.first(
        _UPSERT_CONSENT,
        grant_id=new_id("grant"),
        user_id=user_id,
        client_id=client_id,
        scope=format_scope(allowed),
        declined=format_scope((parse_scope(before.declined_scope if before else "") | left_out) - allowed),
        selection=selection or (before.selection if before else "none"),
        at=clock.now(),
        until=expires_at,
        resumes=resumes,
    )
    if selection is not None:
        connection.run(_DELETE_CHOICE, grant=consent.grant_id)
        writable = set(writable_ids)
        for memento_id in memento_ids if selection == "selected" else ():
            # The owner is checked once more in the statement itself.
            connection.run(
                _INSERT_CHOICE,
                grant=consent.grant_id,
                memento=memento_id,
                user=user_id,
                may_write=memento_id in writable,
            )
    return consent


def touch_consent(connection: Connection, grant_id: str, last_used_at: datetime | None) -> None:
    """Note that the consent was used, at most once a minute."""
    at = clock.now()
    if (last_used_at is None or (at - last_used_at).total_seconds() >= 60) and not has_no_effect():
        connection.run(_TOUCH_CONSENT, consent=grant_id, at=at)
