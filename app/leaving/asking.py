"""Asking to have one's account deleted, and coming back within a week.

What is a person's goes after that week, and not before: they may find that they want it. What lets somebody else in ends
at once, and for good: sessions, and what apps were allowed. An app that comes back with its person would be one that
nobody looked at, so each is connected anew.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from app import clock
from app.accounts.invitations import revoke_invitations_of
from app.accounts.lock import lock_organization, lock_person
from app.accounts.models import Membership, Organization, User
from app.accounts.notices import notify
from app.accounts.sessions import end_sessions
from app.accounts.state import is_open_account
from app.audit.events import record
from app.consents.endings import end_consents_of_person
from app.credentials import digest
from app.database.session_connection import SessionConnection
from app.sentences import _

#: So long a person can come back.
WEEK = timedelta(days=7)


class LastOwnerElsewhere(ValueError):
    """Organizations would be left without an owner; ``organizations`` are which."""

    def __init__(self, organizations: Sequence[Organization]) -> None:
        self.organizations = organizations
        names = ", ".join(f"{one.name} ({one.slug})" for one in organizations)
        super().__init__(
            _("Nobody else is an owner of %(names)s. Make somebody else an owner first, or delete it.", names=names)
        )


def ask_to_leave(session: Session, user_id: str) -> datetime:
    """Close the account at once, and let it go for good in a week. Returns when that is. The caller commits.

    Raises :class:`LastOwnerElsewhere`.
    """
    user = _lock(session, user_id)
    if user.deletes_at is not None:
        return user.deletes_at
    _close(session, user_id)
    user.deletes_at = clock.now() + WEEK
    record("user.leaving", actor_user_id=user_id, deletes_at=user.deletes_at.isoformat())
    notify(session, user_id, "deletion_asked", day=user.deletes_at.isoformat())
    return user.deletes_at


def close_for_good(session: Session, user_id: str) -> None:
    """Close the account so that nobody comes back: the purge takes it from here. The caller commits.

    Raises :class:`LastOwnerElsewhere`.
    """
    user = _lock(session, user_id)
    _close(session, user_id)
    user.deletes_at = clock.now()
    record("user.leaving", user_id=user_id)


def _lock(session: Session, user_id: str) -> User:
    lock_person(session, user_id)
    return session.get_one(User, user_id, populate_existing=True)


def _close(session: Session, user_id: str) -> None:
    end_sessions(session, user_id)
    demand_other_owners(session, user_id)
    for organization_id in _organizations_of(session, user_id):
        revoke_invitations_of(organization_id, user_id)
    end_consents_of_person(SessionConnection(session), user_id)


def come_back(session: Session, user: User, password_digest: str) -> bool:
    """Keep an account that was about to go, for who has shown that it is theirs while its password had this digest.

    Returns False when it is too late, not asked any more, or the password is another by now. The caller commits.
    """
    lock_person(session, user.id)
    session.refresh(user)
    if user.deletes_at is None or user.deletes_at <= clock.now() or digest(user.password_hash) != password_digest:
        return False
    user.deletes_at = None
    # Who was about to allow an app something when the account was closed may have been a moment later.
    end_consents_of_person(SessionConnection(session), user.id)
    record("user.kept", actor_user_id=user.id)
    notify(session, user.id, "deletion_called_off")
    return True


def demand_other_owners(session: Session, user_id: str) -> None:
    """Let nobody change who owns the person's organizations until the transaction ends.

    Raises :class:`LastOwnerElsewhere` when one of them has no other owner.
    """
    for organization_id in _organizations_of(session, user_id):
        lock_organization(session, organization_id)
    alone = find_owned_alone(session, user_id)
    if alone:
        raise LastOwnerElsewhere(alone)


def find_owned_alone(session: Session, user_id: str) -> Sequence[Organization]:
    """Returns the organizations, by name, of which nobody else with an open account is an owner."""
    other = aliased(Membership)
    others = (
        select(other.user_id)
        .join(User, User.id == other.user_id)
        .where(
            other.organization_id == Organization.id,
            other.role == "owner",
            other.user_id != user_id,
            is_open_account(),
        )
    )
    own = Membership.user_id == user_id, Membership.role == "owner"
    found: Select[Any] = select(Organization).join(Membership).where(*own, ~others.exists())
    return session.scalars(found.order_by(Organization.name, Organization.id)).all()


def _organizations_of(session: Session, user_id: str) -> Sequence[str]:
    own = select(Membership.organization_id).where(Membership.user_id == user_id)
    return session.scalars(own.order_by(Membership.organization_id)).all()
