"""The records of passkeys, of the name under which devices keep them, and of the challenges that were answered."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.accounts.models import User
from app.credentials import new_id
from app.database.types import Base, Digest, Lines, UtcDateTime


class Passkey(Base):
    """One passkey of a person: what is needed to check it and to tell it from others. There is no secret in it.

    ``rp_id`` is the host that it was made at, and works at. ``is_discoverable`` says whether a device offers it by itself, as the sign-in
    page needs it; None where the browser did not say. ``backup_eligible`` is whether it may be copied to the person's other
    devices, ``backed_up`` whether it was when it was used last. ``sign_count`` stays 0 where a device does not count.
    """

    __tablename__ = "passkeys"
    __table_args__ = (Index(None, "user_id"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: new_id("psk"))
    user_id: Mapped[str] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    #: Of its credential id, which devices choose: up to 1023 bytes.
    digest: Mapped[str] = mapped_column(Digest, unique=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    rp_id: Mapped[str] = mapped_column(String(253))
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(100))
    transports: Mapped[Sequence[str]] = mapped_column(Lines)
    is_discoverable: Mapped[bool | None]
    backup_eligible: Mapped[bool]
    backed_up: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PasskeyHandle(Base):
    """The random name under which a person's devices keep their passkeys for us: it tells whoever reads it nothing.

    It stays when the last passkey goes, so that the next one replaces in a device what nobody can use any more.
    """

    __tablename__ = "passkey_handles"

    user_id: Mapped[str] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    handle: Mapped[str] = mapped_column(Digest)


class AnsweredChallenge(Base):
    """A challenge that was answered well, so that the same answer does nothing a second time."""

    __tablename__ = "answered_challenges"
    __table_args__ = (Index(None, "expires_at"),)

    digest: Mapped[str] = mapped_column(Digest, primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
