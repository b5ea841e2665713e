"""Which second factors a person has."""

from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from app.accounts.factors.models import OneTimeCodes, RecoveryCode
from app.accounts.passkeys.models import Passkey


def find_factors(session: Session, user_id: str) -> frozenset[str]:
    """Returns which second factors a person has: of ``passkey``, ``totp``, ``recovery``; empty for none.

    Recovery codes are there only beside one of the others.
    """
    each = {
        "passkey": exists().where(Passkey.user_id == user_id),
        "totp": exists().where(OneTimeCodes.user_id == user_id, OneTimeCodes.sealed.is_not(None)),
        "recovery": exists().where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None)),
    }
    row = session.execute(select(*(condition.label(name) for name, condition in each.items()))).one()
    found = frozenset(name for name, is_there in row._mapping.items() if is_there)
    return found if found - {"recovery"} else frozenset()


def has_factor(user_id: Any) -> ColumnElement[bool]:
    """The condition that the person of a column has a second factor."""
    return or_(
        exists().where(Passkey.user_id == user_id),
        exists().where(OneTimeCodes.user_id == user_id, OneTimeCodes.sealed.is_not(None)),
    )
