"""One change at a time to what is one person's, or one organization's: what has no row yet is locked by theirs."""

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.accounts.models import Organization, User
from app.database.locks import to_change
from app.database.session_connection import SessionConnection
from app.database.statements import Statement

#: For a driver connection: what :func:`lock_person` does in a session.
LOCK_PERSON = Statement(to_change(select(User.id).where(User.id == bindparam("user"))))
_LOCK_ORGANIZATION = Statement(to_change(select(Organization.id).where(Organization.id == bindparam("organization"))))


def lock_person(session: Session, user_id: str) -> None:
    """Let nobody else change what is this person's until the transaction ends. What is read from here on is as it is."""
    SessionConnection(session).first(LOCK_PERSON, user=user_id)


def lock_organization(session: Session, organization_id: str) -> None:
    """Let nobody else change who belongs to the organization, and who may join it, until the transaction ends."""
    SessionConnection(session).first(_LOCK_ORGANIZATION, organization=organization_id)
