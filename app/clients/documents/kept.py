"""The client that a document describes, as the registry keeps it: made, changed, withdrawn, and made anew."""

from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, scoped_session

from app import clock
from app.clients.documents.reading import Reading
from app.clients.logos import put_logo
from app.clients.models import DOCUMENT, UNUSED_FOR, Client, ClientDocument
from app.clients.own_words import write_own_words
from app.database.locks import to_change
from app.fetch.freshness import MOST as LONGEST_FRESH

#: So long does the last good document serve while another one cannot be fetched.
_GOOD_FOR = timedelta(days=1)
#: So long it is not tried again then: whoever asks meanwhile does not wait for a host that is down.
_RETRY_AFTER = timedelta(minutes=5)
_FRESH_AT_MOST = timedelta(seconds=LONGEST_FRESH) + _RETRY_AFTER
#: How many there may be that nobody has allowed anything yet. The oldest make room.
MOST_UNUSED = 5000
_MOST_AT_ONCE = 50

AnySession = Session | scoped_session[Any]


class Kept(Struct, frozen=True):
    """What is kept of a document, as one look at the database saw it. ``logo_uri`` and what follows are of the logo."""

    origin: str
    ended_at: datetime | None
    suspended_at: datetime | None
    withdrawn_at: datetime | None
    fresh_until: datetime | None
    good_until: datetime | None
    logo_uri: str | None
    logo_read_at: datetime | None

    @property
    def is_withdrawn(self) -> bool:
        return self.withdrawn_at is not None

    @property
    def is_suspended(self) -> bool:
        """Whether an operator has suspended the client, and not only its own host."""
        return self.suspended_at is not None and self.suspended_at != self.withdrawn_at

    def serves(self) -> bool:
        """Returns whether it may be used while the document cannot be fetched."""
        return _is_ahead(self.good_until) and not self.is_withdrawn and self.ended_at is None

    def is_fresh(self) -> bool:
        """Returns whether it may be used without fetching the document."""
        # Nothing is fresh for longer: that was read when this machine's clock, or another's, was ahead.
        return _is_ahead(self.fresh_until) and self.serves() and not _is_ahead(self.fresh_until, by=_FRESH_AT_MOST)


def _is_ahead(at: datetime | None, by: timedelta = timedelta()) -> bool:
    return at is not None and at > clock.now() + by


class Logo(Struct, frozen=True):
    """What became of the logo: ``png`` as it was drawn anew, None for none; and when it was looked at, None for not yet."""

    png: bytes | None
    read_at: datetime | None


def find_kept(session: AnySession, url: str) -> Kept | None:
    """Returns what is kept of the document at the address; None where there is no client of this id."""
    row = session.execute(
        select(
            Client.origin,
            Client.ended_at,
            Client.suspended_at,
            ClientDocument.withdrawn_at,
            ClientDocument.fresh_until,
            ClientDocument.good_until,
            ClientDocument.logo_uri,
            ClientDocument.logo_read_at,
        )
        .outerjoin(ClientDocument, ClientDocument.client_key == Client.key)
        .where(Client.client_id == url)
    ).first()
    return None if row is None else Kept(*row)


def keep_document(
    session: AnySession, url: str, reading: Reading, *, read_at: datetime, fresh_seconds: int, logo: Logo | None
) -> None:
    """Write down what the document says. ``logo`` is None where that of before stays.

    Raises ``IntegrityError`` when somebody else has written down the same new document at this moment: then it is there,
    and can be written once more.
    """
    found = _lock(session, url)
    if found is None:
        _make_room(session)
        client, document = Client(client_id=url, origin=DOCUMENT), None
        session.add(client)
    else:
        client, document = found
    if document is not None and _was_read_since(document, read_at):
        return
    _bring_back(client, document)
    said = reading.fields.columns()
    has_changed = found is not None and any(getattr(client, column) != value for column, value in said.items())
    write_own_words(client, reading.fields)
    if has_changed:
        client.version += 1
    session.flush()
    if document is None:
        document = ClientDocument(client_key=client.key, registered_at=clock.now())
        session.add(document)
    document.default_scope, document.application_type = reading.default_scope, reading.application_type
    document.read_at, document.withdrawn_at = read_at, None
    document.fresh_until = read_at + timedelta(seconds=fresh_seconds)
    document.good_until = document.fresh_until + _GOOD_FOR
    document.logo_uri = reading.logo_uri
    if logo is not None:
        document.logo_read_at = logo.read_at
        put_logo(client, logo.png)
    session.flush()


def put_off(session: AnySession, url: str) -> None:
    """Use the document of before for some minutes more, as long as it serves."""
    found = _lock(session, url)
    document = found[1] if found is not None else None
    if document is not None:
        later = max(document.fresh_until, clock.now() + _RETRY_AFTER)
        document.fresh_until = min(later, document.good_until)


def withdraw(session: AnySession, url: str, *, read_at: datetime) -> None:
    """Its host says that the document is gone: stop the client at once.

    It gets no tokens, and those it has do not work. What people allowed it stays, for the document may come back.
    """
    client, document = _lock(session, url) or (None, None)
    if client is None or document is None or client.ended_at is not None:
        return
    if document.withdrawn_at is None and not _was_read_since(document, read_at):
        document.withdrawn_at = clock.now()
        client.suspended_at = client.suspended_at or document.withdrawn_at


def _was_read_since(document: ClientDocument, read_at: datetime) -> bool:
    """Whether somebody else has read it after that, and not by a clock that is ahead for longer than anything is fresh."""
    return read_at < document.read_at <= clock.now() + _FRESH_AT_MOST


def _lock(session: AnySession, url: str) -> tuple[Client, ClientDocument | None] | None:
    """Returns the client that a document at the address describes, also one that has ended, and what is kept of it."""
    locked = select(Client).where(Client.client_id == url, Client.origin == DOCUMENT)
    client = session.scalar(to_change(locked).execution_options(populate_existing=True))
    return None if client is None else (client, session.get(ClientDocument, client.key, populate_existing=True))


def _bring_back(client: Client, document: ClientDocument | None) -> None:
    """Let a client that has ended, or whose document was gone, begin anew; not one that an operator has suspended."""
    if client.ended_at is not None:
        # For the same people, as one that an organization registers anew; and for the purge as if it were new.
        client.ended_at = client.suspended_at = None
        client.created_at = clock.now()
        client.review_at = client.created_at + UNUSED_FOR
    elif document is not None and document.withdrawn_at is not None and client.suspended_at == document.withdrawn_at:
        client.suspended_at = None


def _make_room(session: AnySession) -> None:
    """Remove the oldest of those that nobody has allowed anything, where there are too many of them."""
    unused = ClientDocument.used_at.is_(None)
    if (session.scalar(select(func.count()).select_from(ClientDocument).where(unused)) or 0) < MOST_UNUSED:
        return
    oldest = (
        select(Client.key)
        .join(ClientDocument, ClientDocument.client_key == Client.key)
        .where(unused)
        .order_by(ClientDocument.registered_at)
        .limit(_MOST_AT_ONCE)
        .with_for_update(skip_locked=True, of=Client)
    )
    keys = sorted(session.scalars(oldest))
    still_unused = select(ClientDocument.client_key).where(ClientDocument.client_key.in_(keys), unused)
    session.execute(
        delete(Client).where(Client.key.in_(still_unused)), execution_options={"synchronize_session": False}
    )
