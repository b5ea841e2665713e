"""The letter that brings the link."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.resetting.links import LIFETIME, make_reset_link
from app.config import settings
from app.mail.kinds import mail_kind
from app.mail.letter import Letter
from app.sentences import _

#: Asked for by whoever may not have an account; so it is put for every address, and written for those that have one.
PASSWORD_RESET = "password_reset"


# Whoever asked tries again long before the usual days are over.
@mail_kind(PASSWORD_RESET, useful_for=timedelta(hours=4))
def compose_password_reset(session: Session, to: str, _facts: dict[str, Any]) -> Letter | None:
    """Returns the letter with a new link; None where nobody has an account with this address."""
    user = session.scalar(select(User).where(User.email == to))
    if user is None:
        return None
    return Letter(
        _("Set a new password for %(site)s", site=settings().site_name),
        "password_reset",
        {"path": make_reset_link(session, user, by_mail=True), "minutes": LIFETIME // timedelta(minutes=1)},
    )
