"""The letter that says that an account is gone."""

from typing import Any

from sqlalchemy.orm import Session

from app.config import settings
from app.mail.kinds import mail_kind
from app.mail.letter import Letter
from app.sentences import _

ACCOUNT_DELETED = "account_deleted"


@mail_kind(ACCOUNT_DELETED)
def compose_account_deleted(_session: Session, _to: str, _facts: dict[str, Any]) -> Letter:
    """Returns the letter. Nothing is left that it could be looked up from."""
    return Letter(_("Your account at %(site)s is deleted", site=settings().site_name), "account_deleted")
