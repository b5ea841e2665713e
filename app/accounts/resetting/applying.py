"""Setting the new password: with the sign-in that the link ends in, and only if that ends well."""

from typing import cast

from sqlalchemy.orm import Session

from app import clock
from app.accounts.addresses.changing import forget_waiting
from app.accounts.lock import lock_person
from app.accounts.models import User
from app.accounts.notices import notify
from app.accounts.resetting.links import take_used
from app.accounts.resetting.look_back import begin_look_back
from app.accounts.sessions import end_sessions
from app.audit.events import record


class ResetOver(Exception):
    """Nothing waits behind the link any more: a newer one was asked for meanwhile, or the rest took too long."""


def apply_reset(session: Session, user: User, token: object) -> None:
    """Set the password that waits behind this browser's link, and end all sessions. The caller commits.

    By now whoever has a second factor has shown it: a letter alone, which others may read, changes nothing for them.
    Raises :class:`ResetOver`, and then nothing may be committed: whoever was let in would take the password for theirs.
    """
    lock_person(session, user.id)
    reset = take_used(session, user, token)
    if reset is None:
        raise ResetOver
    user.password_hash = cast(str, reset.new_password_hash)
    if reset.by_mail and user.email_verified_at is None:
        user.email_verified_at = clock.now()
    begin_look_back(session, user.id, target=reset.target)
    # Also of those who gave the old password, and are asked for the rest at this moment.
    end_sessions(session, user.id)
    # Nor does an address become theirs that somebody else may have asked for.
    forget_waiting(session, user.id)
    record("user.password_reset", actor_user_id=user.id, by="letter" if reset.by_mail else "operator")
    notify(session, user.id, "password_reset")
