"""Switching an account off and on again, which only an operator does.

While it is off nobody signs in to it, and no session, token or app of its person works. Nothing of that is ended: all of
it goes on when the account is switched on.
"""

from sqlalchemy.orm import Session

from app import clock
from app.accounts.lock import lock_person
from app.accounts.models import User
from app.audit.events import record


def disable_account(session: Session, user_id: str, *, actor_user_id: str | None) -> bool:
    """Switch the account off. ``actor_user_id`` is None on the command line. The caller commits.

    Returns whether it was this call that did.
    """
    user = _lock(session, user_id)
    if user is None or user.disabled_at is not None:
        return False
    user.disabled_at = clock.now()
    record("user.disabled", actor_user_id=actor_user_id, user_id=user_id)
    return True


def enable_account(session: Session, user_id: str, *, actor_user_id: str | None) -> bool:
    """Switch the account on again. The caller commits. Returns whether it was this call that did."""
    user = _lock(session, user_id)
    if user is None or user.disabled_at is None:
        return False
    user.disabled_at = None
    record("user.enabled", actor_user_id=actor_user_id, user_id=user_id)
    return True


def _lock(session: Session, user_id: str) -> User | None:
    lock_person(session, user_id)
    return session.get(User, user_id, populate_existing=True)
