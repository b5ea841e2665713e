"""The authorization request: validated, waiting server-side for the person's decision."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, Text, bindparam, delete, func, or_, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from app import clock, credentials
from app.accounts.models import User
from app.clients.models import Client
from app.clients.rows import insert_for_client
from app.config import settings
from app.consents.choice import Choice
from app.consents.live import is_open
from app.consents.models import Consent
from app.database.connections import Connection, RowGone
from app.database.statements import Statement
from app.database.types import Lines, UtcDateTime
from app.extensions import db

#: So many requests of one network wait at most while nobody has signed in for them. More are not kept.
MOST_OF_NETWORK = 20
#: So many requests of one person are kept, whatever has become of them. The oldest go.
MOST_OF_PERSON = 50
#: The screens of the decision whose last showing is kept.
SCREENS = ("picker", "consent")


class AuthorizationRequest(db.Model):
    """One waiting request. The browser holds the handle, in the address, and a nonce, in a cookie; we their digests.

    ``parameters`` are those of the query string, as JSON, replayed as they came, and ``defect``
    what was wrong with them. ``selection``, ``memento_ids`` and those of them the app may also
    write in are what the person has picked so far; ``selection`` is None before that.
    ``picker_shown`` and ``consent_shown`` are the seals of what each screen showed last (``decision.facts``).
    ``network`` stands for where it came from, while nobody has signed in for it.
    ``account_chosen_at`` is when the person said that they answer as this account (``prompt=select_account``).
    """

    __tablename__ = "authorization_requests"
    __table_args__ = (
        Index(None, "expires_at"),
        Index(None, "client_id"),
        Index(None, "user_id"),
        Index(
            None,
            "network",
            sqlite_where=text("network IS NOT NULL"),
            postgresql_where=text("network IS NOT NULL"),
        ),
    )

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    browser_digest: Mapped[str] = mapped_column(String(64))
    client_key: Mapped[str] = mapped_column("client_id", String(60), ForeignKey("clients.key", ondelete="CASCADE"))
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    network: Mapped[str | None] = mapped_column(String(64))
    parameters: Mapped[str] = mapped_column(Text)
    defect: Mapped[str | None] = mapped_column(String(200))
    selection: Mapped[str | None] = mapped_column(String(10))
    memento_ids: Mapped[list[str]] = mapped_column(Lines, default=list)
    writable_ids: Mapped[list[str]] = mapped_column(Lines, default=list)
    picker_shown: Mapped[str | None] = mapped_column(Text)
    consent_shown: Mapped[str | None] = mapped_column(Text)
    account_chosen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    consumed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@dataclass(slots=True, repr=False)
class WaitingRequest:
    """A waiting request as one SELECT saw it."""

    digest: str
    browser_digest: str
    client_key: str
    user_id: str | None
    stored_parameters: str
    defect: str | None
    selection: str | None
    memento_ids: list[str]
    writable_ids: list[str]
    picker_shown: str | None
    consent_shown: str | None
    account_chosen_at: datetime | None
    issued_at: datetime
    expires_at: datetime
    consumed_at: datetime | None

    @property
    def choice(self) -> Choice:
        """What the person has picked so far."""
        writable = set(self.writable_ids)
        return Choice(self.selection, {id: id in writable for id in self.memento_ids})

    @property
    def parameters(self) -> dict[str, str]:
        return json.loads(self.stored_parameters)

    def is_expired(self) -> bool:
        return self.expires_at <= clock.now()

    def is_over(self) -> bool:
        """Whether it was answered or has expired."""
        return self.consumed_at is not None or self.is_expired()


_IS_WAITING = (
    AuthorizationRequest.digest == bindparam("handle_digest"),
    AuthorizationRequest.consumed_at.is_(None),
    AuthorizationRequest.expires_at > bindparam("at"),
)

_FIND_REQUEST = Statement(
    select(
        AuthorizationRequest.digest,
        AuthorizationRequest.browser_digest,
        AuthorizationRequest.client_key,
        AuthorizationRequest.user_id,
        AuthorizationRequest.parameters.label("stored_parameters"),
        AuthorizationRequest.defect,
        AuthorizationRequest.selection,
        AuthorizationRequest.memento_ids,
        AuthorizationRequest.writable_ids,
        AuthorizationRequest.picker_shown,
        AuthorizationRequest.consent_shown,
        AuthorizationRequest.account_chosen_at,
        AuthorizationRequest.issued_at,
        AuthorizationRequest.expires_at,
        AuthorizationRequest.consumed_at,
    ).where(AuthorizationRequest.digest == bindparam("handle_digest")),
    row=WaitingRequest,
)

_ADDED = (
    "digest",
    "browser_digest",
    "client_key",
    "user_id",
    "network",
    "parameters",
    "defect",
    "memento_ids",
    "writable_ids",
    "issued_at",
    "expires_at",
)
_INSERT_REQUEST = Statement(insert_for_client(AuthorizationRequest, _ADDED))

_RENEW_REQUEST = Statement(
    update(AuthorizationRequest)
    .where(*_IS_WAITING, or_(AuthorizationRequest.user_id.is_(None), AuthorizationRequest.user_id == bindparam("user")))
    .values(user_id=bindparam("user"), network=None, expires_at=bindparam("until"))
)

_DROP_EXPIRED = Statement(
    delete(AuthorizationRequest).where(
        AuthorizationRequest.network == bindparam("network"), AuthorizationRequest.expires_at <= bindparam("at")
    )
)
_COUNT_UNSIGNED = Statement(
    select(func.count().label("count")).where(AuthorizationRequest.network == bindparam("network"))
)
_DROP_OLDEST = Statement(
    delete(AuthorizationRequest).where(
        AuthorizationRequest.digest.in_(
            select(AuthorizationRequest.digest)
            .where(AuthorizationRequest.user_id == bindparam("user"))
            .order_by(AuthorizationRequest.issued_at.desc())
            .offset(MOST_OF_PERSON)
        )
    )
)

_SAVE_CHOICE = Statement(
    update(AuthorizationRequest)
    .where(*_IS_WAITING, AuthorizationRequest.user_id == bindparam("user"))
    .values(
        selection=bindparam("chosen"),
        memento_ids=bindparam("chosen_ids", type_=Lines()),
        writable_ids=bindparam("chosen_writable_ids", type_=Lines()),
    )
)

# Always in this order, so that two transactions never wait for each other.
_LOCK_USER = Statement(select(User.id).where(User.id == bindparam("user")).with_for_update(key_share=True))
_LOCK_CLIENT = Statement(select(Client.key).where(Client.key == bindparam("client")).with_for_update(read=True))
_LOCK_CONSENT = Statement(
    select(Consent.grant_id)
    .where(Consent.user_id == bindparam("user"), Consent.client_key == bindparam("client"), is_open(Consent))
    .with_for_update()
)
_LOCK_REQUEST = Statement(
    select(AuthorizationRequest.digest)
    .where(AuthorizationRequest.digest == bindparam("handle_digest"))
    .with_for_update()
)

_REMEMBER_SHOWN = {
    screen: Statement(
        update(AuthorizationRequest)
        .where(AuthorizationRequest.digest == bindparam("handle_digest"))
        .values({f"{screen}_shown": bindparam("seal", type_=Text())})
    )
    for screen in SCREENS
}

_CHOOSE_ACCOUNT = Statement(
    update(AuthorizationRequest)
    .where(*_IS_WAITING, AuthorizationRequest.user_id == bindparam("user"))
    .values(account_chosen_at=bindparam("at"))
)

_CONSUME_REQUEST = Statement(
    update(AuthorizationRequest)
    .where(*_IS_WAITING, AuthorizationRequest.user_id == bindparam("user"))
    .values(consumed_at=bindparam("at"))
)

_RELEASE_REQUEST = Statement(
    update(AuthorizationRequest)
    .where(*_IS_WAITING)
    .values(
        user_id=None,
        network=bindparam("from_network"),
        selection=None,
        account_chosen_at=None,
        memento_ids=bindparam("no_ids", type_=Lines()),
        writable_ids=bindparam("no_ids", type_=Lines()),
    )
)


def add_authorization_request(connection: Connection, *, user_id: str, **row) -> str:
    """Keep a signed-in person's request waiting, bound to the browser that holds ``browser``; its handle.

    Of each person the last :data:`MOST_OF_PERSON` are kept.
    """
    handle = _insert_request(connection, user_id=user_id, network=None, **row)
    connection.run(_DROP_OLDEST, user=user_id)
    return handle


def add_unsigned_request(connection: Connection, *, network: str, **row) -> str | None:
    """The same while nobody has signed in; None when :data:`MOST_OF_NETWORK` of them wait for the network already."""
    # Whoever comes back to one of these reads that it has expired, whether it is there or not.
    connection.run(_DROP_EXPIRED, network=network, at=clock.now())
    waiting = connection.first(_COUNT_UNSIGNED, network=network)
    if waiting is not None and waiting.count >= MOST_OF_NETWORK:
        return None
    return _insert_request(connection, user_id=None, network=network, **row)


def _insert_request(
    connection: Connection,
    *,
    browser: str,
    client_key: str,
    user_id: str | None,
    network: str | None,
    parameters: dict[str, str],
    defect: str | None,
) -> str:
    handle = credentials.new_credential(credentials.AUTHORIZATION_REQUEST)
    issued_at = clock.now()
    is_kept = connection.run(
        _INSERT_REQUEST,
        digest=credentials.digest(handle),
        browser_digest=credentials.digest(browser),
        client_key=client_key,
        user_id=user_id,
        network=network,
        parameters=json.dumps(parameters),
        defect=defect,
        memento_ids=[],
        writable_ids=[],
        issued_at=issued_at,
        expires_at=issued_at + timedelta(seconds=settings().authorization_request_lifetime),
    )
    if not is_kept:
        # The client was deleted since it was looked up.
        raise RowGone
    return handle


def find_authorization_request(connection: Connection, handle: str) -> WaitingRequest | None:
    """The request, in whatever state it is."""
    return connection.first(_FIND_REQUEST, handle_digest=credentials.digest(handle))


def renew_authorization_request(connection: Connection, waiting: WaitingRequest, user_id: str) -> bool:
    """Bind the request to the person, if to nobody yet, and renew its time; False when it is another's or over."""
    latest = waiting.issued_at + timedelta(seconds=settings().authorization_request_max_lifetime)
    until = min(clock.now() + timedelta(seconds=settings().authorization_request_lifetime), latest)
    is_renewed = (
        connection.run(_RENEW_REQUEST, handle_digest=waiting.digest, at=clock.now(), user=user_id, until=until) == 1
    )
    if is_renewed and waiting.user_id is None:
        connection.run(_DROP_OLDEST, user=user_id)
    return is_renewed


def save_choice(
    connection: Connection,
    waiting: WaitingRequest,
    *,
    user_id: str,
    choice: Choice,
) -> bool:
    """Remember what was picked, until the consent is given; False when the request is over."""
    return (
        connection.run(
            _SAVE_CHOICE,
            handle_digest=waiting.digest,
            at=clock.now(),
            user=user_id,
            chosen=choice.selection,
            chosen_ids=list(choice.memento_ids),
            chosen_writable_ids=list(choice.writable_ids),
        )
        == 1
    )


def lock_decision(connection: Connection, user_id: str, client_key: str, request_digest: str) -> None:
    """Let nobody change what a decision depends on until the transaction ends.

    That is the person's own decisions, one at a time; the app; what they allowed it before; and the request. On
    SQLite the transaction alone does that, and these rows are only looked at.
    """
    connection.first(_LOCK_USER, user=user_id)
    connection.first(_LOCK_CLIENT, client=client_key)
    connection.first(_LOCK_CONSENT, user=user_id, client=client_key)
    connection.first(_LOCK_REQUEST, handle_digest=request_digest)


def remember_shown(connection: Connection, waiting: WaitingRequest, screen: str, seal: str) -> None:
    """Keep the seal of what ``screen`` (one of :data:`SCREENS`) shows now: an answer without one is held to it."""
    connection.run(_REMEMBER_SHOWN[screen], handle_digest=waiting.digest, seal=seal)


def choose_account(connection: Connection, waiting: WaitingRequest, user_id: str) -> bool:
    """Note that the person answers as this account; False when the request is over, or is another person's."""
    return connection.run(_CHOOSE_ACCOUNT, handle_digest=waiting.digest, at=clock.now(), user=user_id) == 1


def consume_authorization_request(connection: Connection, waiting: WaitingRequest, user_id: str) -> bool:
    """Take the request for good; False when it was taken, is over, or is another person's. The row count decides."""
    return connection.run(_CONSUME_REQUEST, handle_digest=waiting.digest, at=clock.now(), user=user_id) == 1


def release_authorization_request(connection: Connection, waiting: WaitingRequest, network: str) -> None:
    """Unbind the request from the person, who wants to sign in as somebody else."""
    connection.run(_RELEASE_REQUEST, handle_digest=waiting.digest, at=clock.now(), from_network=network, no_ids=[])
