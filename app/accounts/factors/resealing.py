"""After another ``SECRET_KEY``: what was sealed under one of the fallbacks is sealed anew, before that one goes."""

import logging
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Engine, func, or_, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.accounts.factors.models import OneTimeCodes
from app.accounts.factors.sealing import SealBroken, beginning_under, seal, unseal
from app.database.rows import changed_rows

_BATCH = 100
_log = logging.getLogger(__name__)
_Sealed = InstrumentedAttribute[str | None]
_COLUMNS: tuple[_Sealed, ...] = (OneTimeCodes.sealed, OneTimeCodes.pending)


def reseal(engine: Engine, keys: Sequence[str]) -> int:
    """Seal every secret of one-time codes under the first of the keys, a few in a transaction. Returns how many it were.

    What opens under none of them stays as it is.
    """
    resealed, after = 0, ""
    others = or_(*(_is_under_none(column, keys[:1]) for column in _COLUMNS))
    while True:
        with engine.begin() as connection:
            found = select(OneTimeCodes.user_id, *_COLUMNS).where(others, OneTimeCodes.user_id > after)
            rows = connection.execute(found.order_by(OneTimeCodes.user_id).limit(_BATCH)).all()
            for user_id, *seals in rows:
                for column, sealed in zip(_COLUMNS, seals, strict=True):
                    resealed += sealed is not None and _reseal(connection, user_id, column, sealed, keys)
        if len(rows) < _BATCH:
            return resealed
        after = rows[-1].user_id


def count_lost(session: Session, keys: Sequence[str]) -> int:
    """Returns how many people have one-time codes that were sealed under none of the keys, so that nobody can check them."""
    lost = select(func.count()).where(_is_under_none(OneTimeCodes.sealed, keys))
    return session.scalar(lost) or 0


def _is_under_none(column: _Sealed, keys: Sequence[str]) -> ColumnElement[bool]:
    # NULL, where there is none, is not true either.
    return ~or_(*(column.startswith(beginning_under(key), autoescape=True) for key in keys))


def _reseal(connection: Connection, user_id: str, column: _Sealed, sealed: str, keys: Sequence[str]) -> bool:
    if sealed.startswith(beginning_under(keys[0])):
        return False
    try:
        secret = unseal(sealed, user_id, keys[1:])
    except SealBroken:
        _log.warning("One-time codes of %s open under no key of SECRET_KEY_FALLBACKS", user_id)
        return False
    changed = update(OneTimeCodes).where(OneTimeCodes.user_id == user_id, column == sealed)
    return changed_rows(connection.execute(changed.values({column: seal(secret, user_id, keys[0])}))) == 1
