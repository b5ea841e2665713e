"""The letter by which an operator finds out whether letters arrive."""

from typing import Any

from sqlalchemy.orm import Session

from app.config import settings
from app.mail.kinds import mail_kind
from app.mail.letter import Letter
from app.sentences import _

TRIAL = "trial"


@mail_kind(TRIAL)
def compose_trial(_session: Session, _to: str, _facts: dict[str, Any]) -> Letter:
    """Returns the letter."""
    return Letter(_("Letters from %(site)s arrive", site=settings().site_name), "trial")
