"""Who must have a second factor: owners and admins of an organization that says so."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, bindparam, literal, select
from sqlalchemy.orm import Session

from app.accounts.factors.present import has_factor
from app.accounts.models import Membership, Organization, User
from app.database.session_connection import SessionConnection
from app.database.statements import Statement

_ADMINISTERS: ColumnElement[bool] = Membership.role.in_((literal("owner"), literal("admin")))
_FIND_DEMANDING = Statement(
    select(Organization.name)
    .join(Membership, Membership.organization_id == Organization.id)
    .where(Membership.user_id == bindparam("user"), _ADMINISTERS, Organization.demands_second_factor)
    .order_by(Organization.name)
    .limit(1)
)


def find_demanding(session: Session, user_id: str) -> str | None:
    """Returns the name of an organization that demands a second factor of this person; None where none does."""
    name: str | None = SessionConnection(session).scalar(_FIND_DEMANDING, user=user_id)
    return name


def list_without_factor(session: Session, organization_id: str) -> Sequence[str]:
    """Returns the names of the organization's owners and admins who have no second factor."""
    return session.scalars(
        select(User.name)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.organization_id == organization_id, _ADMINISTERS, ~has_factor(User.id))
        .order_by(User.name, User.id)
    ).all()
