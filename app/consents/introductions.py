"""How an app introduced itself when a person last decided about it: what it was called, and where its answer went."""

from msgspec import Struct
from sqlalchemy import ForeignKey, String, bindparam, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.clients.models import REGISTERED, ClientRules
from app.clients.trust import Place, Receiver, find_receiver
from app.credentials import digest
from app.database.connections import Connection
from app.database.session_connection import SessionConnection
from app.database.statements import Statement
from app.database.types import Base, Digest, ShownName
from app.text import inside_quotes


class Introduction(Base):
    """What the screen told when the person last decided. ``addresses_digest`` is of the client's redirect URIs then.

    ``redirect_uri`` is empty where the answer was a device's, and went to no address.
    """

    __tablename__ = "consent_introductions"

    grant_id: Mapped[str] = mapped_column(ForeignKey("consents.grant_id", ondelete="CASCADE"), primary_key=True)
    client_name: Mapped[str] = mapped_column(ShownName(100))
    redirect_uri: Mapped[str] = mapped_column(String(2000))
    addresses_digest: Mapped[str] = mapped_column(Digest)


class Earlier(Struct, frozen=True):
    """What an app has changed since: each is None, or False, where it is as it was.

    ``receiver`` is what received its answer then. ``has_other_addresses`` tells that the answer may go to others now.
    """

    name: str | None
    receiver: Receiver | None
    has_other_addresses: bool

    @property
    def facts(self) -> list[object]:
        """What a screen tells of it, for its seal."""
        return [self.name, self.receiver and [self.receiver.place, self.receiver.name], self.has_other_addresses]


class Told(Struct, frozen=True):
    """An :class:`Introduction`, as it was read."""

    client_name: str
    redirect_uri: str
    addresses_digest: str


_FIND = Statement(
    select(Introduction.client_name, Introduction.redirect_uri, Introduction.addresses_digest).where(
        Introduction.grant_id == bindparam("grant")
    ),
    row=Told,
)

# Written out, because SQLAlchemy has this clause only per dialect; both databases read the same words.
_WRITE = Statement(
    text(
        """
        INSERT INTO consent_introductions (grant_id, client_name, redirect_uri, addresses_digest)
        VALUES (:grant, :client_name, :redirect_uri, :addresses)
        ON CONFLICT (grant_id) DO UPDATE SET client_name = excluded.client_name,
            redirect_uri = excluded.redirect_uri, addresses_digest = excluded.addresses_digest
        """
    ).bindparams(bindparam("addresses", type_=Digest()))
)


def write_introduction(
    connection: Connection, grant_id: str, client: ClientRules, name: str, redirect_uri: str
) -> None:
    """Write down what the person was told, in the transaction in which they decide."""
    connection.run(
        _WRITE,
        grant=grant_id,
        client_name=name,
        redirect_uri=redirect_uri,
        addresses=_digest_of(client),
    )


def find_introduction(session: Session, grant_id: str) -> Told | None:
    """Returns what the person was told; None for a consent that is older than such records."""
    found: Told | None = SessionConnection(session).first(_FIND, grant=grant_id)
    return found


def find_earlier(
    introduction: Told | None, client: ClientRules, name: str, redirect_uri: str | None = None
) -> Earlier | None:
    """Returns what an app has changed by itself since the person decided; None where that is nothing.

    ``redirect_uri`` is where its answer goes now, None where none is on its way. What an organization changes in an app
    that it has registered is not told: it answers for that.
    """
    if introduction is None or client.origin == REGISTERED:
        return None
    before = find_receiver(introduction.redirect_uri) if introduction.redirect_uri else None
    is_moved = bool(redirect_uri) and before is not None and not _is_same(before, find_receiver(redirect_uri or ""))
    earlier = Earlier(
        name=inside_quotes(introduction.client_name) if introduction.client_name != name else None,
        receiver=before if is_moved else None,
        has_other_addresses=not is_moved and introduction.addresses_digest != _digest_of(client),
    )
    return earlier if any((earlier.name, earlier.receiver, earlier.has_other_addresses)) else None


def _is_same(one: Receiver, other: Receiver) -> bool:
    """Whether both are one to a person. A program on this computer listens on another port each time."""
    if one.place is Place.COMPUTER is other.place:
        return one.host == other.host
    return one == other


def _digest_of(client: ClientRules) -> str:
    return digest("\n".join(sorted(client.redirect_uris)))
