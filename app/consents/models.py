"""The tables of the consent: what one person allowed one client. On the wire its handle is ``grant_id``."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ColumnElement, ForeignKey, Index, String, false, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app import clock
from app.clients.models import Client
from app.clients.models.earlier_scopes import select_with_profile
from app.consents.live import has_ended
from app.credentials import new_id
from app.database.types import Base, Digest, UtcDateTime
from app.memories.models import Memento
from app.scopes import with_profile

#: What a consent reaches: everything (also what is added later), the chosen mementos, or nothing.
SELECTIONS = ("all", "selected", "none")
#: The installation of a client of which a person has no more than this one.
ONLY = ""


class Consent(Base):
    """What one person allowed one installation of one client. At most one of the three is not revoked.

    ``installation`` is empty for a client of which a person has one at most: one that an organization has registered, or
    one that registered itself, for itself alone. ``resources`` are the short names of what it was given for
    (:mod:`app.consents.resources`). ``name`` is what the person calls the connection, empty while it is called as the
    app is. ``browser_digest`` tells whether a browser is the one it was connected in, and nothing else.
    ``continued_by`` is the connection that took over what this one had. ``memory_setting`` is what the app may do with
    memories that apps added, empty for what the person set for all apps.
    ``decided_at`` is when the person last said that it goes on, or until when; None where they have not since it was
    given.
    """

    __tablename__ = "consents"
    __table_args__ = (
        CheckConstraint("selection IN ('all', 'selected', 'none')", name="selection"),
        Index(
            "uq_consents_user_id_client_id_installation_unrevoked",
            "user_id",
            "client_id",
            "installation",
            unique=True,
            sqlite_where=text("revoked_at IS NULL"),
            postgresql_where=text("revoked_at IS NULL"),
        ),
        Index(None, "client_id"),
        Index(None, "user_id"),
        Index(
            None,
            "expires_at",
            sqlite_where=text("expires_at IS NOT NULL AND revoked_at IS NULL"),
            postgresql_where=text("expires_at IS NOT NULL AND revoked_at IS NULL"),
        ),
    )

    grant_id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: new_id("grant"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    client_key: Mapped[str] = mapped_column("client_id", String(60), ForeignKey("clients.key", ondelete="CASCADE"))
    stored_scope: Mapped[str] = mapped_column("scope", String(1000))
    #: None where the version before wrote the scope, which knew no ``profile`` and allowed it with everything.
    names_profile: Mapped[bool | None] = mapped_column(Boolean)
    #: What the app asked for as optional and the person left out: it is not asked about again and again.
    declined_scope: Mapped[str] = mapped_column(String(1000), default="", server_default=text("''"))
    selection: Mapped[str] = mapped_column(String(10))
    installation: Mapped[str] = mapped_column(String(64), default=ONLY, server_default=text("''"))
    name: Mapped[str] = mapped_column(String(100), default="", server_default=text("''"))
    browser_digest: Mapped[str | None] = mapped_column(Digest)
    continued_by: Mapped[str | None] = mapped_column(String(40))
    resources: Mapped[str] = mapped_column(String(1000), default="", server_default=text("''"))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    memory_setting: Mapped[str | None] = mapped_column(String(20))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    client: Mapped[Client] = relationship()
    mementos: Mapped[list[Memento]] = relationship(secondary="consent_mementos", order_by=Memento.name)

    @hybrid_property
    def scope(self) -> str:
        """What the app may do."""
        return with_profile(self.stored_scope) if self.names_profile is None else self.stored_scope

    @scope.inplace.expression
    @classmethod
    def _select_scope(cls) -> ColumnElement[str]:
        return select_with_profile(cls.stored_scope, cls.names_profile.is_(None))

    @scope.inplace.setter
    def _set_scope(self, scope: str) -> None:
        self.stored_scope, self.names_profile = scope, True

    @property
    def called(self) -> str:
        """What the person calls the connection: their own name for it, or the app's."""
        return self.name or self.client.name

    def is_live(self) -> bool:
        """Returns whether it holds now."""
        return not has_ended(self.revoked_at, self.expires_at)


class ConsentMemento(Base):
    """One memento a consent covers: to read, and if the person ticked that too, to change what lies in it."""

    __tablename__ = "consent_mementos"
    __table_args__ = (Index(None, "memento_id"),)

    grant_id: Mapped[str] = mapped_column(ForeignKey("consents.grant_id", ondelete="CASCADE"), primary_key=True)
    memento_id: Mapped[str] = mapped_column(ForeignKey("mementos.id", ondelete="CASCADE"), primary_key=True)
    can_write: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
