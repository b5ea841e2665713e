"""The outbox, and the letters that only this machine shows."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.credentials import new_id
from app.database.types import Base, UtcDateTime

MOST_ADDRESS_LENGTH = 320
MOST_SAID = 300


class State(StrEnum):
    """What became of a letter."""

    #: To be sent at ``next_at``, or at this moment on its way.
    WAITING = "waiting"
    #: The mail server said that it has it.
    SENT = "sent"
    #: When it was to be written, there was nothing to say any more.
    NEEDLESS = "needless"
    #: The mail server refused it for good, or for too long.
    FAILED = "failed"
    #: The mail server was given all of it, and did not say whether it keeps it. It is not sent twice by itself.
    UNCERTAIN = "uncertain"
    #: An operator let go of it.
    DROPPED = "dropped"


#: What somebody may want to look at, and to send again.
UNSENT = (State.FAILED, State.UNCERTAIN)


class OutgoingMail(Base):
    """One letter that somebody put into the outbox. ``facts`` go once it is over.

    ``next_at`` is when it is looked at next, None once it is over. ``claim`` is who sends it at this moment, until
    ``next_at``; ``handed_over_at`` is when the mail server was given its end.
    ``edition`` counts the times that it was sent anew although it may have arrived.
    """

    __tablename__ = "outgoing_mail"
    __table_args__ = (Index(None, "next_at"), Index(None, "over_at"), Index(None, "state"))

    id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: new_id("let"))
    kind: Mapped[str] = mapped_column(String(40))
    recipient: Mapped[str] = mapped_column(String(MOST_ADDRESS_LENGTH))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[str] = mapped_column(String(10), default=State.WAITING)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    over_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(SmallInteger, default=0, server_default=text("0"))
    edition: Mapped[int] = mapped_column(SmallInteger, default=1, server_default=text("1"))
    claim: Mapped[str | None] = mapped_column(String(40))
    handed_over_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: What the last one that it was tried with said, or why it is over.
    says: Mapped[str] = mapped_column(String(MOST_SAID), default="")


class LocalMail(Base):
    """A letter on a server that only this machine reaches, and that has no mail server: shown at ``/demonstration/mail/``."""

    __tablename__ = "local_mail"
    __table_args__ = (Index(None, "sent_at"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    recipient: Mapped[str] = mapped_column(String(MOST_ADDRESS_LENGTH))
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
