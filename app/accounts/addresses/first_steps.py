"""The first second step of an account: told to its mailbox, which takes it back within a week.

Whoever knows the password can set one up, and from then on every other way into the account asks for it: also a link by
letter. Until then the mailbox was enough, so for a week it still is.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.accounts.addresses.changing import BACK_FOR
from app.accounts.addresses.models import AddressChange
from app.accounts.factors.present import find_factors
from app.accounts.models import User
from app.mail.outbox import put_mail


def tell_first_step(session: Session, user_id: str) -> None:
    """Send the letter with the way back if this person has no second step yet.

    To be called before one is added, by who holds the person, and commits. An address that nobody has confirmed gets no
    letter: it may be a stranger's.
    """
    if find_factors(session, user_id):
        return
    found = select(User.email).where(User.id == user_id, User.email_verified_at.is_not(None))
    email = session.scalar(found)
    if email is None:
        return
    now = clock.now()
    change = AddressChange(user_id=user_id, was=email, email=email, changed_at=now, expires_at=now + BACK_FOR)
    session.add(change)
    session.flush()
    put_mail(session, "first_step", to=email, change=change.id)
