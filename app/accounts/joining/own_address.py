"""Confirming the address of an account that exists: by a link that a letter brings, opened by who is signed in to it."""

from datetime import timedelta

from sqlalchemy import delete, select, update

from app import clock, credentials
from app.accounts.joining.models import AddressConfirmation
from app.accounts.models import User
from app.database.rows import changed_rows
from app.extensions import db
from app.limits.counting import Limits
from app.limits.table import CONFIRMATION_LETTERS
from app.mail.outbox import put_mail

CONFIRMATION_LASTS = timedelta(days=1)
LETTER = "own_address"


def ask_to_confirm(limits: Limits, user_id: str, email: str) -> None:
    """Put a letter with a link that confirms the person's address. The caller commits.

    Raises :class:`app.limits.errors.TooManyAttempts`.
    """
    limits.take(CONFIRMATION_LETTERS, email)
    put_mail(db.session, LETTER, to=email, user_id=user_id)


def find_confirmation(token: str) -> AddressConfirmation | None:
    """Returns what the link of a letter is about, if it still works."""
    return db.session.scalar(
        select(AddressConfirmation).where(
            AddressConfirmation.digest == credentials.digest(token), AddressConfirmation.expires_at > clock.now()
        )
    )


def confirm_address(confirmation: AddressConfirmation) -> bool:
    """Write down that the person has confirmed their address. Returns False when they have another one by now. The caller commits."""
    changed = db.session.execute(
        update(User)
        .where(User.id == confirmation.user_id, User.email == confirmation.email)
        .values(email_verified_at=clock.now())
    )
    db.session.execute(delete(AddressConfirmation).where(AddressConfirmation.user_id == confirmation.user_id))
    return changed_rows(changed) == 1
