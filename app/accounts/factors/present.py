"""Which second factors a person has."""

from typing import Any

from sqlalchemy import BindParameter, ColumnElement, bindparam, exists, or_, select
from sqlalchemy.orm import Session

from app.accounts.factors.models import OneTimeCodes, RecoveryCode
from app.accounts.passkeys.models import Passkey
from app.database.session_connection import SessionConnection
from app.database.statements import Statement

_USER: BindParameter[str] = bindparam("user")
_FIND_FACTORS = Statement(
    select(
        exists().where(Passkey.user_id == _USER).label("passkey"),
        exists().where(OneTimeCodes.user_id == _USER, OneTimeCodes.sealed.is_not(None)).label("totp"),
        exists().where(RecoveryCode.user_id == _USER, RecoveryCode.used_at.is_(None)).label("recovery"),
    )
)


def find_factors(session: Session, user_id: str) -> frozenset[str]:
    """Returns which second factors a person has: of ``passkey``, ``totp``, ``recovery``; empty for none.

    Recovery codes are there only beside one of the others.
    """
    row = SessionConnection(session).first(_FIND_FACTORS, user=user_id)
    found = frozenset(name for name, is_there in row._asdict().items() if is_there)
    return found if found - {"recovery"} else frozenset()


def has_factor(user_id: Any) -> ColumnElement[bool]:
    """Returns the condition that the person of a column has a second factor."""
    return or_(
        exists().where(Passkey.user_id == user_id),
        exists().where(OneTimeCodes.user_id == user_id, OneTimeCodes.sealed.is_not(None)),
    )
