"""The row of a waiting authorization request, and what one SELECT saw of it."""

import json
from datetime import datetime

from msgspec import Struct
from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.consents.choice import Choice
from app.database.types import Base, Lines, UtcDateTime
from app.oauth.parameters import PUSHED

#: The screens of the decision whose last showing is kept.
SCREENS = ("picker", "consent")


class AuthorizationRequest(Base):
    """One waiting request. The browser holds the handle, in the address, and a nonce, in a cookie; we their digests.

    One that was sent beforehand has no browser yet: ``browser_digest`` is None until somebody opens it.
    ``parameters`` are those of the query string, as JSON, replayed as they came, and ``defect``
    what was wrong with them. ``selection``, ``memento_ids`` and those of them the app may also
    write in are what the person has picked so far; ``selection`` is None before that.
    ``picker_shown`` and ``consent_shown`` are the seals of what each screen showed last (``decision.facts``).
    ``network`` stands for where it came from, while nobody has signed in for it.
    ``account_chosen_at`` is when the person said that they answer as this account (``prompt=select_account``).

    A device's request (:rfc:`8628`) has ``device_digest``, of the code with which the device asks what became of it, and
    ``code_digest``, of the one that a person enters. Until somebody has entered that, it is in no browser. From then on
    ``user_code`` is kept as well: it opens nothing any more, and the person compares it with what their device shows.
    ``asked_from`` is the network that the device is in, None where a server asked for it. The device may ask again at
    ``next_poll_at``, and ``poll_interval`` seconds lie between two of its questions.
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
        *(
            Index(None, name, unique=True, sqlite_where=text(is_there), postgresql_where=text(is_there))
            for name, is_there in (
                ("device_digest", "device_digest IS NOT NULL"),
                ("code_digest", "code_digest IS NOT NULL"),
            )
        ),
    )

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    browser_digest: Mapped[str | None] = mapped_column(String(64))
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
    device_digest: Mapped[str | None] = mapped_column(String(64))
    code_digest: Mapped[str | None] = mapped_column(String(64))
    user_code: Mapped[str | None] = mapped_column(String(9))
    asked_from: Mapped[str | None] = mapped_column(String(45))
    poll_interval: Mapped[int | None]
    next_poll_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    consumed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class WaitingRequest(Struct):
    """A waiting request as one SELECT saw it."""

    # Shows none of its values.
    __repr__ = object.__repr__

    digest: str
    browser_digest: str | None
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
    device_digest: str | None
    user_code: str | None
    asked_from: str | None
    issued_at: datetime
    expires_at: datetime
    consumed_at: datetime | None

    @property
    def is_of_device(self) -> bool:
        """Whether a device waits for the answer, and no address of an app receives it."""
        return self.device_digest is not None

    @property
    def choice(self) -> Choice:
        """What the person has picked so far."""
        writable = set(self.writable_ids)
        return Choice(self.selection, {id: id in writable for id in self.memento_ids})

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters that are replayed, in a dictionary of their own each time."""
        parameters: dict[str, str] = json.loads(self.stored_parameters)
        return parameters

    @property
    def is_pushed(self) -> bool:
        """Whether its client sent it beforehand."""
        return PUSHED in self.parameters

    def is_expired(self) -> bool:
        """Returns whether its time is over, whatever became of it."""
        return self.expires_at <= clock.now()

    def is_over(self) -> bool:
        """Returns whether it was answered or has expired."""
        return self.consumed_at is not None or self.is_expired()
