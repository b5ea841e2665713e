"""Who belongs to an organization, and changing that: an organization is never left without an owner.

Every change first locks the organization's row, so that of two owners who leave at the same
moment the second is told that they are the last. SQLite has one writer anyway.
"""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, case, delete, func, select, update

from app.accounts.invitations import revoke_invitations_of
from app.accounts.lock import lock_organization
from app.accounts.models import ROLES, Membership, Organization, User
from app.accounts.organizations import demand_role
from app.accounts.roles import NotPermitted, can_assign
from app.accounts.state import is_open_account
from app.audit.events import record
from app.database.patience import take_time
from app.extensions import db
from app.sentences import _


class UnknownMember(Exception):
    """Nobody with this id belongs to the organization."""


class LastOwner(ValueError):
    """The organization would be left without an owner; the message says what to do first."""

    def __init__(self) -> None:
        super().__init__(_("An organization needs an owner, and this is its last. Make somebody else an owner first."))


class Member(Struct, frozen=True):
    """One person in an organization, as a list shows them."""

    user_id: str
    name: str
    email: str
    role: str
    since: datetime


def list_members(organization_id: str, *, skip: int = 0, most: int | None = None) -> list[Member]:
    """Returns everybody in the organization, or a piece of it: owners first, then admins, then members, each by name."""
    rank = case({role: place for place, role in enumerate(ROLES)}, value=Membership.role)
    rows = db.session.execute(
        _select_members(organization_id).order_by(rank, func.lower(User.name), User.id).offset(skip).limit(most)
    )
    return [Member(*row) for row in rows]


def count_members(organization_id: str) -> int:
    counted = select(func.count()).where(Membership.organization_id == organization_id)
    return db.session.scalar(counted) or 0


def find_member(organization_id: str, user_id: str) -> Member | None:
    row = db.session.execute(_select_members(organization_id).where(User.id == user_id)).one_or_none()
    return None if row is None else Member(*row)


def is_only_owner(organization_id: str, user_id: str) -> bool:
    """Returns whether the organization has this owner and no other."""
    owners = select(Membership.user_id).where(Membership.organization_id == organization_id, Membership.role == "owner")
    return list(db.session.scalars(owners.limit(2))) == [user_id]


def change_role(organization_id: str, user_id: str, role: str, *, actor_user_id: str) -> None:
    """Give a member another role.

    Raises :class:`UnknownMember`, :class:`NotPermitted` or :class:`LastOwner`, and ``ValueError`` for what is no role.
    """
    demand_role(role)
    roles = _lock_roles(organization_id)
    present = _role_of(user_id, roles)
    if not (can_assign(roles.get(actor_user_id), present) and can_assign(roles.get(actor_user_id), role)):
        raise NotPermitted
    if role == present:
        return
    _keep_an_owner(user_id, roles)
    db.session.execute(update(Membership).where(*_is(organization_id, user_id)).values(role=role))
    # What they could no longer offer, nobody shall accept.
    if ROLES.index(role) > ROLES.index(present):
        revoke_invitations_of(organization_id, user_id)
    record(
        "member.role_changed",
        actor_user_id=actor_user_id,
        organization_id=organization_id,
        user_id=user_id,
        before=present,
        after=role,
    )


def remove_member(organization_id: str, user_id: str, *, actor_user_id: str) -> None:
    """End a membership: one's own, by leaving, or another's.

    Raises :class:`UnknownMember`, :class:`NotPermitted` or :class:`LastOwner`.
    """
    roles = _lock_roles(organization_id)
    present = _role_of(user_id, roles)
    if user_id != actor_user_id and not can_assign(roles.get(actor_user_id), present):
        raise NotPermitted
    _keep_an_owner(user_id, roles)
    db.session.execute(delete(Membership).where(*_is(organization_id, user_id)))
    revoke_invitations_of(organization_id, user_id)
    kind = "member.left" if user_id == actor_user_id else "member.removed"
    record(kind, actor_user_id=actor_user_id, organization_id=organization_id, user_id=user_id, role=present)


def delete_organization(organization: Organization, *, actor_user_id: str) -> None:
    """Delete the organization with all it owns; only the audit log remembers it. Raises :class:`NotPermitted`."""
    organization_id, name, slug = organization.id, organization.name, organization.slug
    demand_owner(organization_id, actor_user_id)
    record("organization.deleted", actor_user_id=actor_user_id, organization_id=organization_id, name=name, slug=slug)
    take_time()
    # What hangs on it goes by the foreign keys, and its apps may have kept many memories.
    db.session.execute(delete(Organization).where(Organization.id == organization_id))


def demand_owner(organization_id: str, user_id: str) -> None:
    """Raises :class:`NotPermitted` for who is no owner, and lets nobody change that until the transaction ends."""
    if _lock_roles(organization_id).get(user_id) != "owner":
        raise NotPermitted


def _select_members(organization_id: str) -> Select[str, str, str, str, datetime]:
    return (
        select(User.id, User.name, User.email, Membership.role, Membership.created_at)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.organization_id == organization_id)
    )


def _lock_roles(organization_id: str) -> dict[str, str]:
    """Everybody's role by their id, as it stays until this transaction ends."""
    lock_organization(db.session(), organization_id)
    rows = db.session.execute(
        select(Membership.user_id, Membership.role).where(Membership.organization_id == organization_id)
    )
    return dict(rows.all())


def _role_of(user_id: str, roles: dict[str, str]) -> str:
    if user_id not in roles:
        raise UnknownMember
    return roles[user_id]


def _keep_an_owner(user_id: str, roles: dict[str, str]) -> None:
    others = [owner for owner, role in roles.items() if role == "owner" and owner != user_id]
    # Whoever is about to go, or cannot sign in, does not look after it.
    if roles[user_id] == "owner" and not db.session.scalar(
        select(User.id).where(User.id.in_(others), is_open_account()).limit(1)
    ):
        raise LastOwner


def _is(organization_id: str, user_id: str) -> tuple[ColumnElement[bool], ...]:
    return Membership.organization_id == organization_id, Membership.user_id == user_id
