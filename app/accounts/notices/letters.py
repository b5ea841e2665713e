"""The letter that tells of a notice."""

from datetime import UTC
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.notices.models import Notice
from app.accounts.notices.told import read_notice
from app.http.moments.zones import find_zone
from app.mail.kinds import mail_kind
from app.mail.letter import Letter


@mail_kind("notice")
def compose(session: Session, to: str, facts: dict[str, Any]) -> Letter | None:
    """Returns the letter; None when what it tells of was too long ago to be kept."""
    notice = session.get(Notice, facts["notice"])
    if notice is None:
        return None
    zone = find_zone(session.scalar(select(User.time_zone).where(User.id == notice.user_id)))
    told = read_notice(notice, zone or UTC)
    return None if told is None else Letter(told.title, "notice", {"told": told, "zone": zone or UTC})
