"""Showing a second factor that is typed: the code of an authenticator app, or a recovery code."""

import logging

from sqlalchemy import bindparam, select

from app.accounts.factors.models import OneTimeCodes
from app.accounts.factors.one_time_codes import find_step, is_like_one_time_code, take_one_time_code
from app.accounts.factors.recovery import is_unused_recovery_code, take_recovery_code
from app.accounts.factors.sealing import SealBroken, unseal
from app.accounts.lock import lock_person
from app.config import settings
from app.database.connections import Connection, connect
from app.database.statements import Statement
from app.extensions import db
from app.limits.counting import Limits
from app.limits.networks import network_of
from app.limits.table import (
    ACCOUNT_CODES,
    ACCOUNT_CODES_OF_DAY,
    KNOWN_BROWSER_CODES,
    RECOVERY_CODES,
    STRANGER_CODES,
    Limit,
)

_log = logging.getLogger(__name__)

_FIND_SEALED = Statement(
    select(OneTimeCodes.sealed, OneTimeCodes.last_step).where(OneTimeCodes.user_id == bindparam("user_id"))
)


def use_code(limits: Limits, user_id: str, typed: str, *, address: str, known_browser: str | None) -> str | None:
    """Take what a person typed as their second factor. Returns ``totp`` or ``recovery`` when it was good, else None.

    Failures are counted; only who has given the password, or a link sent to the person's address, gets to try, so
    nobody else keeps the person out. Raises :class:`app.limits.errors.TooManyAttempts` before the code is looked at.
    The caller may not have begun a transaction, and commits: the code is used up.
    """
    is_recovery = not is_like_one_time_code(typed)
    taken = _take_attempts(limits, user_id, network_of(address), known_browser, is_recovery)
    with connect(db.engine) as connection:
        step = None if is_recovery else _find_step(connection, user_id, typed)
        is_good = step is not None or (is_recovery and is_unused_recovery_code(connection, user_id, typed))
    if not is_good:
        return None
    for limit, subject in taken:
        limits.give_back(limit, *subject)
    # In the caller's transaction: if that fails, the code is not used up.
    session = db.session()
    lock_person(session, user_id)
    is_taken = (
        take_recovery_code(session, user_id, typed) if step is None else take_one_time_code(session, user_id, step)
    )
    return ("totp" if step is not None else "recovery") if is_taken else None


def _take_attempts(
    limits: Limits, user_id: str, network: str, known_browser: str | None, is_recovery: bool
) -> list[tuple[Limit, tuple[str, ...]]]:
    # Counted before the code is looked at, as passwords are.
    if is_recovery:
        # They cannot be guessed. Codes that somebody guesses at leave the person this way in.
        chosen: list[tuple[Limit, tuple[str, ...]]] = [(RECOVERY_CODES, (network, user_id))]
    elif known_browser is not None:
        chosen = [(KNOWN_BROWSER_CODES, (known_browser, user_id))]
    else:
        chosen = [(STRANGER_CODES, (network, user_id)), (ACCOUNT_CODES, (user_id,)), (ACCOUNT_CODES_OF_DAY, (user_id,))]
    for limit, subject in chosen:
        limits.take(limit, *subject)
    return chosen


def _find_step(connection: Connection, user_id: str, typed: str) -> int | None:
    """The time step of the code, if it is one and none since was used."""
    row = connection.first(_FIND_SEALED, user_id=user_id)
    if row is None or row.sealed is None:
        return None
    try:
        step = find_step(unseal(row.sealed, user_id, settings().secret_keys), typed)
    except SealBroken:
        _log.error("One-time codes of %s open under no key: flask users reset-factors takes them away.", user_id)
        return None
    return None if step is None or (row.last_step is not None and step <= row.last_step) else step
