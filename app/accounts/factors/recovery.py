"""Recovery codes: ten, shown once, each good once, for who has lost every other second factor."""

import secrets

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from app import clock
from app.accounts.factors.models import RecoveryCode
from app.accounts.lock import lock_person
from app.credentials import digest
from app.database.connections import Connection
from app.database.rows import changed_rows
from app.database.statements import Statement

#: How many are made at a time.
COUNT = 10
# Crockford's base 32, of which nobody takes one letter for another. 16 letters are 80 random bits: the digest needs no
# slow hash.
_LETTERS, _LENGTH, _GROUP = "0123456789abcdefghjkmnpqrstvwxyz", 16, 4
_MISREAD = str.maketrans({"o": "0", "i": "1", "l": "1"})

_IS_UNUSED = Statement(
    select(RecoveryCode.digest).where(
        RecoveryCode.digest == bindparam("digest"),
        RecoveryCode.user_id == bindparam("user"),
        RecoveryCode.used_at.is_(None),
    )
)


def make_recovery_codes(session: Session, user_id: str) -> list[str]:
    """Returns ten new codes, to be shown once. Those made before work no more. The caller commits."""
    lock_person(session, user_id)
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(_LENGTH)) for _ in range(COUNT)]
    session.add_all(RecoveryCode(digest=_digest(code, user_id), user_id=user_id) for code in codes)
    return ["-".join(code[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP)) for code in codes]


def is_unused_recovery_code(connection: Connection, user_id: str, typed: str) -> bool:
    """Returns whether it is a code of the person's that was not used yet."""
    return connection.first(_IS_UNUSED, digest=_digest(typed, user_id), user=user_id) is not None


def take_recovery_code(session: Session, user_id: str, typed: str) -> bool:
    """Take a code. Returns whether it was still to be had: of two at one moment one gets it. The caller commits."""
    taken = (
        update(RecoveryCode)
        .where(
            RecoveryCode.digest == _digest(typed, user_id),
            RecoveryCode.user_id == user_id,
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=clock.now())
    )
    return changed_rows(session.execute(taken)) == 1


def count_recovery_codes(session: Session, user_id: str) -> int:
    """Returns how many of the person's codes are left."""
    left = select(func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return session.scalar(left) or 0


def remove_recovery_codes(session: Session, user_id: str) -> int:
    """Let none of the person's codes work any more. Returns how many were left. The caller commits."""
    left = count_recovery_codes(session, user_id)
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    return left


def _digest(typed: str, user_id: str) -> str:
    code = "".join(filter(str.isalnum, typed.casefold())).translate(_MISREAD)
    return digest(f"recovery-code\n{user_id}\n{code}")
