"""The public keys of a client (:rfc:`7591#section-2`, ``jwks`` and ``jwks_uri``)."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from app.database.types import Base, UtcDateTime


class ClientKeys(Base):
    """A key set: the one that was registered, or the one that was last fetched from ``jwks_uri``.

    ``jwks`` is its JSON, empty until one is fetched. ``fetched_at`` is when that was, and ``tried_at`` when it was last
    tried.
    """

    __tablename__ = "client_keys"

    client_key: Mapped[str] = mapped_column(String(40), ForeignKey("clients.key", ondelete="CASCADE"), primary_key=True)
    jwks: Mapped[str] = mapped_column(Text, default="")
    jwks_uri: Mapped[str] = mapped_column(String(2000), default="")
    fetched_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tried_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class HasKeys:
    """What a client's record says of its keys: of ``jwks`` and ``jwks_uri`` there is one at most."""

    @declared_attr
    def keys(cls) -> Mapped[ClientKeys | None]:
        return relationship(ClientKeys, cascade="all, delete-orphan", passive_deletes=True)

    @property
    def jwks(self) -> str:
        """The key set that it is registered with, as JSON; empty where there is none."""
        return "" if self.keys is None or self.keys.jwks_uri else self.keys.jwks

    @jwks.setter
    def jwks(self, jwks: str) -> None:
        if jwks != self.jwks:
            self._set_keys(jwks, self.jwks_uri if not jwks else "")

    @property
    def jwks_uri(self) -> str:
        """Where its key set lies; empty where that is not said."""
        return "" if self.keys is None else self.keys.jwks_uri

    @jwks_uri.setter
    def jwks_uri(self, jwks_uri: str) -> None:
        if jwks_uri != self.jwks_uri:
            self._set_keys("" if jwks_uri else self.jwks, jwks_uri)

    def _set_keys(self, jwks: str, jwks_uri: str) -> None:
        if not jwks and not jwks_uri:
            self.keys = None
            return
        if self.keys is None:
            self.keys = ClientKeys()
        self.keys.jwks, self.keys.jwks_uri = jwks, jwks_uri
        self.keys.fetched_at = self.keys.tried_at = None
