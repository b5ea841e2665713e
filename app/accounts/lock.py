"""One change at a time to what is one person's, or one organization's: what has no row yet is locked by theirs."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Organization, User
from app.database.locks import to_change


def lock_person(session: Session, user_id: str) -> None:
    """Let nobody else change what is this person's until the transaction ends. What is read from here on is as it is."""
    session.execute(to_change(select(User.id).where(User.id == user_id)))


def lock_organization(session: Session, organization_id: str) -> None:
    """Let nobody else change who belongs to the organization, and who may join it, until the transaction ends."""
    session.execute(to_change(select(Organization.id).where(Organization.id == organization_id)))
