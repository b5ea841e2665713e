"""The letters about addresses: a sign-up to confirm, or that there is an account already; and an account's own address."""

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app import clock, credentials
from app.accounts.joining.models import AddressConfirmation, SignUp
from app.accounts.joining.own_address import CONFIRMATION_LASTS
from app.accounts.joining.own_address import LETTER as CONFIRM_LETTER
from app.accounts.joining.sign_ups import LETTER as SIGN_UP_LETTER
from app.accounts.joining.sign_ups import LIFETIME
from app.accounts.models import User
from app.config import settings
from app.mail.kinds import mail_kind
from app.mail.letter import Letter
from app.sentences import _


@mail_kind(SIGN_UP_LETTER, useful_for=LIFETIME)
def compose_sign_up(session: Session, to: str, facts: dict[str, Any]) -> Letter | None:
    """Returns the link that makes the account, or says that the address has one; None when the sign-up is over.

    What was typed at the sign-up is not in it: anybody may type anything, and the letter goes to somebody else.
    """
    sign_up = session.get(SignUp, facts["sign_up_id"])
    if sign_up is None or sign_up.expires_at <= clock.now():
        return None
    if session.scalar(select(User.id).where(User.email == to)) is not None:
        subject = _("You have an account at %(site)s already", site=settings().site_name)
        return Letter(subject, "has_account")
    token = credentials.new_credential(credentials.SIGN_UP)
    sign_up.digest = credentials.digest(token)
    sign_up.expires_at = clock.now() + LIFETIME
    return Letter(_("Confirm your address for %(site)s", site=settings().site_name), "sign_up", {"token": token})


@mail_kind(CONFIRM_LETTER, useful_for=CONFIRMATION_LASTS)
def compose_confirmation(session: Session, to: str, facts: dict[str, Any]) -> Letter | None:
    """Returns the link that confirms the address of an account; None when that is needless by now."""
    user = session.get(User, facts["user_id"])
    if user is None or user.email != to or user.email_verified_at is not None:
        return None
    token = credentials.new_credential(credentials.ADDRESS_CONFIRMATION)
    # The letter that was sent last is the one that counts.
    session.execute(delete(AddressConfirmation).where(AddressConfirmation.user_id == user.id))
    session.add(
        AddressConfirmation(
            digest=credentials.digest(token),
            user_id=user.id,
            email=to,
            expires_at=clock.now() + CONFIRMATION_LASTS,
        )
    )
    return Letter(_("Is this your address at %(site)s?", site=settings().site_name), "own_address", {"token": token})
