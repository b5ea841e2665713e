"""The resources of a client: addresses of services of its own that take our tokens (:rfc:`8707`)."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.clients.uri import cut
from app.credentials import new_id
from app.database.types import Base, UtcDateTime

_PREFIX = "res"
_IN_USE = text("proved_at IS NOT NULL AND ended_at IS NULL")


class ClientResource(Base):
    """One address, and the client that may ask about the tokens for it.

    ``id`` stands for it wherever a token or a consent names it; an address that is registered once more gets another.
    ``matched`` is what a request's ``resource`` is compared with. Until it is proved that the address is the client's,
    the row stands for nothing, and others may have one like it. What has ended is kept, so that a person can still be
    told what they had allowed.
    """

    __tablename__ = "client_resources"
    __table_args__ = (
        Index(
            "uq_client_resources_matched_in_use",
            "matched",
            unique=True,
            sqlite_where=_IN_USE,
            postgresql_where=_IN_USE,
        ),
        Index(None, "client_key"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: new_id(_PREFIX))
    client_key: Mapped[str] = mapped_column(String(40), ForeignKey("clients.key", ondelete="CASCADE"))
    address: Mapped[str] = mapped_column(String(500))
    matched: Mapped[str] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    proved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def is_in_use(self) -> bool:
        """Whether tokens may be for it, as far as this row says."""
        return self.proved_at is not None and self.ended_at is None

    @classmethod
    def at(cls, address: str, *, proved_at: datetime | None) -> "ClientResource":
        """Returns a row for an address."""
        return cls(address=address, matched=match_address(address), proved_at=proved_at)


def is_registered_name(name: str) -> bool:
    """Returns whether the name of a resource, as tokens and consents have it, is the id of a row here."""
    return name.startswith(f"{_PREFIX}_")


def match_address(address: str) -> str:
    """Returns what two spellings of one resource have in common.

    They are compared character by character. But every library for addresses writes one that has no path with a slash
    at its end, which means the same (:rfc:`3986#section-6.2.3`).
    """
    return address[:-1] if address.endswith("/") and cut(address).path == "/" else address
