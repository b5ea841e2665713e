"""For how long a person keeps receipts: what is older goes, and with nothing kept nothing is written."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from app import clock
from app.accounts.models import User
from app.consents.models import Consent
from app.consents.receipts import AccessRecord, ReceiptDetail
from app.database.session_connection import SessionConnection
from app.database.statements import Statement

#: In days: not at all, or so long.
CHOICES = (0, 30, 90, 365)
#: What holds until the person says something else.
USUAL = 90

_FIND_DAYS = Statement(select(User.receipts_days).where(User.id == bindparam("user")))


def find_kept_days(session: Session, user_id: str) -> int:
    """Returns for how many days the person keeps receipts; 0 for not at all."""
    days: int = SessionConnection(session).scalar(_FIND_DAYS, user=user_id)
    return days


def count_older(session: Session, user_id: str, days: int) -> int:
    """Returns how many minutes of what apps did would go, if receipts were kept for so many days."""
    older = AccessRecord.minute < clock.now() - timedelta(days=days), AccessRecord.memento_key == ""
    counted = select(func.count()).select_from(AccessRecord).join(Consent, Consent.grant_id == AccessRecord.grant_id)
    return session.scalar(counted.where(Consent.user_id == user_id, *older)) or 0


def keep_receipts(session: Session, user_id: str, days: int) -> None:
    """Keep receipts for so many days from now on, and delete what is older. Nothing is committed."""
    session.execute(update(User).where(User.id == user_id).values(receipts_days=days))
    grant_ids = session.scalars(select(Consent.grant_id).where(Consent.user_id == user_id)).all()
    before = clock.now() - timedelta(days=days)
    for model in (AccessRecord, ReceiptDetail):
        for grant_id in grant_ids:
            session.execute(delete(model).where(model.grant_id == grant_id, model.minute < before))


def keeps_longer(grant_id: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Returns a condition: whose receipt it is keeps it longer than people usually do."""
    longer = Consent.grant_id == grant_id, User.receipts_days > USUAL
    return select(User.id).join(Consent, Consent.user_id == User.id).where(*longer).exists()


def select_shorter(model: type[AccessRecord] | type[ReceiptDetail], days: int, at: datetime, most: int) -> Any:
    """Returns a ``SELECT`` of keys of what is over by then, of people who keep it for so many days."""
    return (
        select(model.id)
        .join(Consent, Consent.grant_id == model.grant_id)
        .join(User, User.id == Consent.user_id)
        .where(User.receipts_days == days, model.minute <= at - timedelta(days=days))
        .limit(most)
    )
