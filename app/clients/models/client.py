"""The record of a client (:rfc:`6749#section-2`)."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    and_,
    bindparam,
    false,
    literal_column,
    select,
    text,
    true,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from app import clock
from app.accounts.models import Organization
from app.clients.models.earlier_scopes import select_with_profile
from app.clients.models.keys import HasKeys
from app.clients.models.logo import ClientLogo
from app.clients.models.origin import ClientOrigin
from app.clients.models.resource import ClientResource, match_address
from app.clients.models.rules import REGISTERED, UNUSED_FOR, ClientRules
from app.clients.models.secret import ClientSecret
from app.credentials import new_id
from app.database.types import Base, Lines, ShownName, UtcDateTime
from app.scopes import PROFILE, format_scope, parse_scope, with_profile


def _default_key(context: Any) -> str:
    """The client id itself where it is one that we made, which is short; else a random key."""
    given = context.get_current_parameters()
    return given["client_id"] if (given.get("origin") or REGISTERED) == REGISTERED else new_id("client")


def _default_review(context: Any) -> datetime | None:
    """A week from now for one that no organization answers for; never for the others."""
    given = context.get_current_parameters()
    return None if (given.get("origin") or REGISTERED) == REGISTERED else clock.now() + UNUSED_FOR


_HAS_ENDED = text("ended_at IS NOT NULL")
_IS_REVIEWED = text("review_at IS NOT NULL")


# Written out, as no value of a statement need be that is always the same.
_NONE: ColumnElement[str] = literal_column("''")
_REGISTERED: ColumnElement[str] = literal_column(f"'{REGISTERED}'")


class Client(ClientRules, HasKeys, Base):
    """An OAuth app. ``scope`` holds its registered scopes, which are also its default.

    ``key`` is short and is what everything else refers to; ``client_id`` is what stands on the wire, and may be an
    address of 500 characters. A client that an organization registered has one string for both. Only such a client has
    an organization. ``ended_at`` is set when it is deleted: then it is known to nobody but the people who had it
    connected, belongs to no organization, and is suspended too, so that whatever does not know of ended clients refuses
    it all the same.

    ``review_at`` is when the purge looks next whether anybody uses the client (:mod:`app.purge.unused_clients`); None
    for one that an organization registered, and for one that has ended.

    ``optional_scope`` is the part of them that a person may leave out. ``implies_profile`` says that it was registered
    before there was a scope ``profile``, which it has all the same, and asks for with whatever it asks for. A draft has ``drafted_at``
    set, and is suspended too until it is activated, so that the protocol need not know of drafts.
    Lifetimes are in seconds, None for the server's own. ``version`` counts the changes of its settings.
    """

    __tablename__ = "clients"
    __table_args__ = (
        CheckConstraint("type IN ('confidential', 'public')", name="type"),
        CheckConstraint("origin IN ('registered', 'document', 'dynamic')", name="origin"),
        CheckConstraint("organization_id IS NOT NULL OR origin <> 'registered' OR ended_at IS NOT NULL", name="owner"),
        UniqueConstraint("client_id"),
        Index(None, "organization_id"),
        Index(None, "ended_at", sqlite_where=_HAS_ENDED, postgresql_where=_HAS_ENDED),
        Index(None, "review_at", sqlite_where=_IS_REVIEWED, postgresql_where=_IS_REVIEWED),
        # Few are public, and each consent screen looks at them all.
        Index(None, "created_at", sqlite_where=text("published = 1"), postgresql_where=text("published")),
    )

    # The version before knows no key: a trigger gives its rows one, in place of the empty default.
    key: Mapped[str] = mapped_column(String(40), primary_key=True, default=_default_key, server_default=text("''"))
    client_id: Mapped[str] = mapped_column(String(500))
    origin: Mapped[str] = mapped_column(String(10), default=REGISTERED, server_default=text("'registered'"))
    organization_id: Mapped[str | None] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(ShownName(100))
    description: Mapped[str] = mapped_column(String(500), default="")
    homepage_url: Mapped[str] = mapped_column(String(2000), default="")
    privacy_url: Mapped[str] = mapped_column(String(2000), default="")
    terms_url: Mapped[str] = mapped_column(String(2000), default="")
    type: Mapped[str] = mapped_column(String(12))
    redirect_uris: Mapped[list[str]] = mapped_column(Lines, default=list)
    stored_scope: Mapped[str] = mapped_column("scope", String(1000))
    stored_optional_scope: Mapped[str] = mapped_column("optional_scope", String(1000), default="")
    # The version before knows no such column, and no such scope.
    implies_profile: Mapped[bool] = mapped_column(Boolean, default=False, server_default=true())
    native_app: Mapped[bool] = mapped_column(Boolean, default=False)
    require_pkce: Mapped[bool] = mapped_column(Boolean, default=False)
    #: Whether it sends each authorization request beforehand (:rfc:`9126#section-6`).
    require_pushed: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    #: Whether people connect its devices by a code that they enter (RFC 8628).
    device_flow: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    #: Whether everybody may find it; else only its organization, and whoever has its link.
    published: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    access_token_lifetime: Mapped[int | None]
    refresh_token_lifetime: Mapped[int | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now(), onupdate=lambda: clock.now())
    suspended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    drafted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The version before knows no such column: what it adds is looked at with the next purge.
    review_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, default=_default_review, server_default=text("'1970-01-01 00:00:00.000000+00:00'")
    )

    organization: Mapped[Organization | None] = relationship()
    logo: Mapped[ClientLogo | None] = relationship(cascade="all, delete-orphan", passive_deletes=True)
    origins: Mapped[list[ClientOrigin]] = relationship(
        cascade="all, delete-orphan", passive_deletes=True, order_by="ClientOrigin.origin"
    )
    #: Those that have not ended, proved or not.
    resource_rows: Mapped[list[ClientResource]] = relationship(
        primaryjoin=lambda: and_(Client.key == ClientResource.client_key, ClientResource.ended_at.is_(None)),
        passive_deletes="all",
        order_by="ClientResource.address",
    )
    secrets: Mapped[list[ClientSecret]] = relationship(
        back_populates="client", cascade="all, delete-orphan", passive_deletes=True, order_by="ClientSecret.created_at"
    )

    @property
    def organization_name(self) -> str | None:
        """What its organization is called, if it has one."""
        return self.organization.name if self.organization else None

    @property
    def logo_digest(self) -> str | None:
        """What stands in its logo's address, if it has one."""
        return self.logo.digest if self.logo else None

    @hybrid_property
    def scope(self) -> str:
        """Its registered scopes."""
        return with_profile(self.stored_scope) if self.implies_profile else self.stored_scope

    @scope.inplace.expression
    @classmethod
    def _select_scope(cls) -> ColumnElement[str]:
        return select_with_profile(cls.stored_scope, and_(cls.implies_profile, cls.stored_scope != _NONE))

    @scope.inplace.setter
    def _set_scope(self, scope: str) -> None:
        names = parse_scope(scope)
        if self.implies_profile and PROFILE in names:
            # As the version before wrote it, which may still run, and whose forms know the other scopes alone.
            scope = format_scope(names - {PROFILE}) or scope
        else:
            self.implies_profile = False
        self.stored_scope = scope

    @hybrid_property
    def optional_scope(self) -> str:
        """What of its scopes a person may leave out: of those that nobody registered, all."""
        is_implied = self.implies_profile and self.origin != REGISTERED
        return with_profile(self.stored_optional_scope) if is_implied else self.stored_optional_scope

    @optional_scope.inplace.expression
    @classmethod
    def _select_optional_scope(cls) -> ColumnElement[str]:
        is_implied = and_(cls.implies_profile, cls.origin != _REGISTERED, cls.stored_optional_scope != _NONE)
        return select_with_profile(cls.stored_optional_scope, is_implied)

    @optional_scope.inplace.setter
    def _set_optional_scope(self, scope: str) -> None:
        self.stored_optional_scope = scope

    @property
    def status(self) -> str:
        """``draft``, ``suspended`` or ``active``."""
        if self.drafted_at is not None:
            return "draft"
        return "active" if self.suspended_at is None else "suspended"

    @property
    def request_origins(self) -> list[str]:
        """Whose scripts may read our answers to this client (CORS), in order."""
        return sorted(one.origin for one in self.origins)

    @request_origins.setter
    def request_origins(self, origins: list[str]) -> None:
        kept = {one.origin: one for one in self.origins}
        self.origins = [kept.get(origin) or ClientOrigin(origin=origin) for origin in origins]

    @property
    def resources(self) -> list[str]:
        """The addresses that tokens may be for, in order."""
        return sorted(one.address for one in self.resource_rows if one.is_in_use)

    @resources.setter
    def resources(self, addresses: list[str]) -> None:
        """These and no others, without a proof: whoever sets them knows whose they are."""
        at = clock.now()
        wanted = {match_address(address): address for address in addresses}
        present = {one.matched: one for one in self.resource_rows if one.ended_at is None}
        for matched, one in present.items():
            if matched in wanted:
                one.address, one.proved_at = wanted[matched], one.proved_at or at
            else:
                one.ended_at = at
        for matched in wanted.keys() - present.keys():
            self.resource_rows.append(ClientResource.at(wanted[matched], proved_at=at))


def is_client_id(text: str) -> bool:
    """Returns whether there could be a client of this id: letters, digits and signs that an address may hold."""
    return len(text) <= 500 and text.isascii() and text.isprintable() and " " not in text


def find_record(session: Session, client_id: str) -> Client | None:
    """Returns the record of the client with this id on the wire, unless it has ended."""
    if not is_client_id(client_id):
        return None
    return session.scalar(_FIND_RECORD, {"client_id": client_id})


_FIND_RECORD = select(Client).where(Client.client_id == bindparam("client_id"), Client.ended_at.is_(None))
