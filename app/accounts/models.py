"""The records of people, organizations, memberships, invitations and sessions."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, SmallInteger, String, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app import clock
from app.credentials import new_id
from app.database.types import Base, ShownName, UtcDateTime

#: What a membership allows, from most to least.
ROLES = ("owner", "admin", "member")

_IS_LEAVING = text("deletes_at IS NOT NULL")


class User(Base):
    """A person with an account (OAuth's resource owner). ``email`` is kept in lower case.

    ``never_shares_at`` is when the person last changed what they never share, and empty while there is nothing.
    ``memory_setting`` is what apps may do with memories that apps added, empty for all of it.
    ``frozen_at`` is when they paused every app at once, the last time.
    ``time_zone`` is the name of the one in which they read dates; without one, dates are UTC or the browser's.
    ``disabled_at`` is since when the operator keeps the account closed; ``deletes_at`` when it goes for good, which its
    person has asked for. What follows from both is said in :mod:`app.accounts.state`.
    """

    __tablename__ = "users"
    __table_args__ = (Index(None, "deletes_at", sqlite_where=_IS_LEAVING, postgresql_where=_IS_LEAVING),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: new_id("usr"))
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    password_hash: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    #: For how many days it is kept what apps did; 0 for not at all.
    receipts_days: Mapped[int] = mapped_column(SmallInteger, default=90, server_default=text("90"))
    never_shares_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    memory_setting: Mapped[str | None] = mapped_column(String(20))
    frozen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: When the person showed last that letters to ``email`` reach them.
    email_verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    time_zone: Mapped[str | None] = mapped_column(String(64))
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deletes_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Whether they may use the operator's pages. Only the command line says so.
    is_operator: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())

    memberships: Mapped[list["Membership"]] = relationship(
        back_populates="user", cascade="all, delete-orphan", passive_deletes=True
    )

    @property
    def is_open(self) -> bool:
        """Whether the person may sign in, and their apps may call."""
        return self.disabled_at is None and self.deletes_at is None


class Organization(Base):
    """What owns clients. ``slug`` is its name on the command line and in addresses."""

    __tablename__ = "organizations"

    id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: new_id("org"))
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(ShownName(100))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    #: Whether owners and admins need a second factor to come into the dashboard.
    demands_second_factor: Mapped[bool] = mapped_column(default=False, server_default=false())

    memberships: Mapped[list["Membership"]] = relationship(
        back_populates="organization", cascade="all, delete-orphan", passive_deletes=True
    )


class Membership(Base):
    """That a person belongs to an organization, and as what."""

    __tablename__ = "memberships"
    __table_args__ = (
        CheckConstraint("role IN ('owner', 'admin', 'member')", name="role"),
        Index(None, "organization_id"),
    )

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())

    user: Mapped[User] = relationship(back_populates="memberships")
    organization: Mapped[Organization] = relationship(back_populates="memberships")


class Invitation(Base):
    """A link by which one person may join an organization, once. We keep the digest of its token.

    ``label`` is whoever made it saying for whom. It is open until accepted, revoked or expired.
    ``email`` is where the link goes by letter; empty when whoever made it hands it on.
    """

    __tablename__ = "invitations"
    __table_args__ = (
        CheckConstraint("role IN ('owner', 'admin', 'member')", name="role"),
        Index(None, "organization_id"),
        Index(None, "invited_by_user_id"),
        Index(None, "expires_at"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: new_id("inv"))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(String(10))
    label: Mapped[str] = mapped_column(String(100), default="")
    invited_by_user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    email: Mapped[str | None] = mapped_column(String(254))

    organization: Mapped[Organization] = relationship()
    invited_by: Mapped[User] = relationship()


class Session(Base):
    """A place where a person is signed in. The browser holds the credential, we its digest.

    ``shown`` is what the person showed to sign in, with spaces between: ``password``, ``link``, ``passkey``, ``totp``,
    ``recovery``.
    """

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "user_id"), Index(None, "expires_at"), Index(None, "last_used_at"))

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(40), unique=True, default=lambda: new_id("ses"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    address: Mapped[str] = mapped_column(String(45), default="")
    user_agent: Mapped[str] = mapped_column(String(300), default="")
    shown: Mapped[str] = mapped_column(String(60), default="password", server_default=text("'password'"))
