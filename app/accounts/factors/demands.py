"""Who must have a second factor: owners and admins of an organization that says so."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Membership, Organization


def find_demanding(session: Session, user_id: str) -> str | None:
    """Returns the name of an organization that demands a second factor of this person; None where none does."""
    return session.scalar(
        select(Organization.name)
        .join(Membership, Membership.organization_id == Organization.id)
        .where(
            Membership.user_id == user_id,
            Membership.role.in_(("owner", "admin")),
            Organization.demands_second_factor,
        )
        .order_by(Organization.name)
        .limit(1)
    )
