"""The client (:rfc:`6749#section-2`) and its secrets."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from authlib.oauth2.rfc6749 import ClientMixin
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    and_,
    bindparam,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from app import clock
from app.accounts.models import Organization
from app.clients.redirect_uris import find_redirect_uri_problem, is_registered, is_web
from app.credentials import digest, new_id
from app.database.connections import Connection
from app.database.statements import Statement
from app.database.types import Lines, ShownName, UtcDateTime
from app.extensions import db
from app.scopes import format_scope, parse_scope

CONFIDENTIAL, PUBLIC = "confidential", "public"

#: How a client came to be known: an organization registered it, its id is the address of a document about it, or it
#: registered itself.
REGISTERED, DOCUMENT, DYNAMIC = "registered", "document", "dynamic"
ORIGINS = (REGISTERED, DOCUMENT, DYNAMIC)

_GRANT_TYPES = {
    CONFIDENTIAL: ("authorization_code", "refresh_token", "client_credentials"),
    PUBLIC: ("authorization_code", "refresh_token"),
}
_AUTH_METHODS = {
    CONFIDENTIAL: ("client_secret_basic", "client_secret_post"),
    PUBLIC: ("none",),
}
# Compared when there is no client or no such secret, so that every refusal does the same work.
_NO_DIGEST = digest("")


@lru_cache(maxsize=1024)
def _is_usable(registered_uri: str) -> bool:
    # Asked at each redirect and each code. Only what is registered is kept, never what somebody sends.
    return find_redirect_uri_problem(registered_uri) is None


class ClientRules(ClientMixin):
    """What Authlib asks of a client, answered from the attributes both the record and its snapshot have."""

    __slots__ = ()

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """None: ``redirect_uri`` is required at the authorize endpoint."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """The resolved scope: the client's own when none is asked for, None when any name is not the client's."""
        registered = parse_scope(self.scope)
        requested = parse_scope(scope) or registered
        return format_scope(requested) if requested and requested <= registered else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Whether an answer may go there: registered, and such that it could be registered today.

        The rule runs here too, because what stands in the database may be older than the rule, or have come there
        by another way.
        """
        return self.has_registered(redirect_uri) and _is_usable(redirect_uri)

    def has_registered(self, redirect_uri: str) -> bool:
        return is_registered(redirect_uri, self.redirect_uris, native_app=self.native_app)

    @property
    def usable_redirect_uris(self) -> list[str]:
        """Those of the registered that an answer may go to, in order."""
        return [uri for uri in self.redirect_uris if _is_usable(uri)]

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in _AUTH_METHODS[self.type]

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        # A client credentials token belongs to the organization that owns the client.
        if grant_type == "client_credentials" and self.origin != REGISTERED:
            return False
        return grant_type in _GRANT_TYPES[self.type]

    @property
    def is_confidential(self) -> bool:
        return self.type == CONFIDENTIAL

    @property
    def keeps_first_refresh_end(self) -> bool:
        """Whether its refresh tokens end when the first would have, however often they are rotated.

        So it is for what may run in a browser (:rfc:`10017#section-6.3.2.3`): a public client with the address of
        a web page, unless its admins say that it is a native app, whose address the system hands over to it.
        """
        return self.type == PUBLIC and not self.native_app and any(map(is_web, self.redirect_uris))

    @property
    def demands_pkce(self) -> bool:
        """Whether a ``code_challenge`` must be sent: always by public clients, by others when so registered."""
        return self.type == PUBLIC or self.require_pkce


def _default_key(context: Any) -> str:
    """The client id itself where it is one that we made, which is short; else a random key."""
    given = context.get_current_parameters()
    return given["client_id"] if (given.get("origin") or REGISTERED) == REGISTERED else new_id("client")


class Client(ClientRules, db.Model):
    """An OAuth app. ``scope`` holds its registered scopes, which are also its default.

    ``key`` is short and is what everything else refers to; ``client_id`` is what stands on the wire, and may be an
    address of 500 characters. A client that an organization registered has one string for both. Only such a client has
    an organization. ``ended_at`` is set when it is deleted: then it is known to nobody but the people who had it
    connected, belongs to no organization, and is suspended too, so that whatever does not know of ended clients refuses
    it all the same.

    ``optional_scope`` is the part of them that a person may leave out. A draft has ``drafted_at``
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
    scope: Mapped[str] = mapped_column(String(1000))
    optional_scope: Mapped[str] = mapped_column(String(1000), default="")
    native_app: Mapped[bool] = mapped_column(Boolean, default=False)
    require_pkce: Mapped[bool] = mapped_column(Boolean, default=False)
    access_token_lifetime: Mapped[int | None]
    refresh_token_lifetime: Mapped[int | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now(), onupdate=lambda: clock.now())
    suspended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    drafted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    organization: Mapped[Organization | None] = relationship()
    logo: Mapped["ClientLogo | None"] = relationship(cascade="all, delete-orphan", passive_deletes=True)
    origins: Mapped[list["ClientOrigin"]] = relationship(
        cascade="all, delete-orphan", passive_deletes=True, order_by="ClientOrigin.origin"
    )
    secrets: Mapped[list["ClientSecret"]] = relationship(
        back_populates="client", cascade="all, delete-orphan", passive_deletes=True, order_by="ClientSecret.created_at"
    )

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


class ClientOrigin(db.Model):
    """A web origin whose scripts may call us for one client, such as ``https://app.example.com``."""

    __tablename__ = "client_origins"
    __table_args__ = (Index(None, "origin"),)

    client_key: Mapped[str] = mapped_column(
        "client_id", String(60), ForeignKey("clients.key", ondelete="CASCADE"), primary_key=True
    )
    origin: Mapped[str] = mapped_column(String(300), primary_key=True)


class ClientLogo(db.Model):
    """A client's logo, always PNG as we encoded it ourselves. ``digest`` is of the image and stands in its address."""

    __tablename__ = "client_logos"

    client_key: Mapped[str] = mapped_column(
        "client_id", String(60), ForeignKey("clients.key", ondelete="CASCADE"), primary_key=True
    )
    digest: Mapped[str] = mapped_column(String(64))
    image: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class ClientSecret(db.Model):
    """One secret of a confidential client. A client may have several, so that rotation needs no downtime."""

    __tablename__ = "client_secrets"
    __table_args__ = (Index(None, "client_id"),)

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(40), unique=True, default=lambda: new_id("sec"))
    hint: Mapped[str] = mapped_column(String(4))
    label: Mapped[str] = mapped_column(String(100), default="")
    client_key: Mapped[str] = mapped_column("client_id", String(60), ForeignKey("clients.key", ondelete="CASCADE"))
    # Outlives whoever made it, as the audit log does, so it is no foreign key.
    created_by_user_id: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    client: Mapped[Client] = relationship(back_populates="secrets")

    def is_live(self) -> bool:
        """Whether it still works."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > clock.now())


@dataclass(slots=True, repr=False)
class ClientSnapshot(ClientRules):
    """A client as one SELECT saw it, for the hot path: no session, no lazy loading."""

    key: str
    client_id: str
    origin: str
    organization_id: str | None
    name: str
    type: str
    redirect_uris: list[str]
    scope: str
    native_app: bool
    require_pkce: bool
    optional_scope: str
    access_token_lifetime: int | None
    refresh_token_lifetime: int | None
    suspended_at: datetime | None
    secret_digest: str | None
    secret_last_used_at: datetime | None

    def check_client_secret(self, client_secret: str) -> bool:
        """Whether the presented secret is the live one this snapshot was looked up with."""
        is_equal = hmac.compare_digest(self.secret_digest or _NO_DIGEST, digest(client_secret))
        return is_equal and self.secret_digest is not None

    @staticmethod
    def check_unknown_secret(client_secret: str) -> bool:
        """The comparison that an unknown client's secret gets, so that it takes as long as a known one's."""
        return hmac.compare_digest(_NO_DIGEST, digest(client_secret)) and False


_FIND_CLIENT = Statement(
    select(
        Client.key,
        Client.client_id,
        Client.origin,
        Client.organization_id,
        Client.name,
        Client.type,
        Client.redirect_uris,
        Client.scope,
        Client.native_app,
        Client.require_pkce,
        Client.optional_scope,
        Client.access_token_lifetime,
        Client.refresh_token_lifetime,
        Client.suspended_at,
        ClientSecret.digest.label("secret_digest"),
        ClientSecret.last_used_at.label("secret_last_used_at"),
    )
    .select_from(Client)
    .outerjoin(
        ClientSecret,
        and_(
            ClientSecret.digest == bindparam("secret_digest"),
            ClientSecret.client_key == Client.key,
            ClientSecret.revoked_at.is_(None),
            or_(ClientSecret.expires_at.is_(None), ClientSecret.expires_at > bindparam("at")),
        ),
    )
    .where(Client.client_id == bindparam("client_id"), Client.ended_at.is_(None)),
    row=ClientSnapshot,
)

_TOUCH_SECRET = Statement(
    update(ClientSecret).where(ClientSecret.digest == bindparam("secret_digest")).values(last_used_at=bindparam("at"))
)


def is_client_id(text: str) -> bool:
    """Whether there could be a client of this id: letters, digits and signs that an address may hold."""
    return len(text) <= 500 and text.isascii() and text.isprintable() and " " not in text


def find_record(session: Session, client_id: str) -> Client | None:
    """The record of the client with this id on the wire, unless it has ended."""
    if not is_client_id(client_id):
        return None
    return session.scalar(select(Client).where(Client.client_id == client_id, Client.ended_at.is_(None)))


def find_client(connection: Connection, client_id: str, client_secret: str = "") -> ClientSnapshot | None:
    """The client, and with it the live secret that ``client_secret`` is, if it is one; None when it has ended."""
    return connection.first(
        _FIND_CLIENT,
        client_id=client_id,
        secret_digest=digest(client_secret) if client_secret else "",
        at=clock.now(),
    )


def touch_client_secret(connection: Connection, client: ClientSnapshot) -> None:
    """Note that the secret was used, at most once a minute."""
    at = clock.now()
    if client.secret_last_used_at is None or (at - client.secret_last_used_at).total_seconds() >= 60:
        connection.run(_TOUCH_SECRET, secret_digest=client.secret_digest, at=at)
