"""Putting notices away once they were seen."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from app import clock
from app.accounts.notices.models import Notice
from app.accounts.notices.told import Told, read_notice
from app.database.rows import changed_rows


def find_notice(session: Session, user_id: str, notice_id: str) -> Told | None:
    """Returns a notice of this person's, if there is such a one."""
    notice = session.get(Notice, notice_id)
    return None if notice is None or notice.user_id != user_id else read_notice(notice)


def see_notice(session: Session, user_id: str, notice_id: str) -> bool:
    """Put it away. The caller commits. Returns False when there is no such notice of this person's."""
    mine = update(Notice).where(Notice.id == notice_id, Notice.user_id == user_id)
    return changed_rows(session.execute(mine.values(seen_at=clock.now()))) == 1


def see_all(session: Session, user_id: str, last: str) -> bool:
    """Put away the notice ``last`` and all before it: what came since was not seen. The caller commits.

    Returns False when there is no such notice of this person's.
    """
    notice = find_notice(session, user_id, last)
    if notice is None:
        return False
    earlier = (Notice.user_id == user_id, Notice.at <= notice.at, Notice.seen_at.is_(None))
    session.execute(update(Notice).where(*earlier).values(seen_at=clock.now()))
    return True
