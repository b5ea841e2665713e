"""Doing again what the database asks to be done again: it ended a transaction so that another could go on.

Nothing of it has happened then, so the whole may be tried once more, from its first look at the database on. It may
not where something of it stands already: a transaction that was committed, or anything outside of the database.
"""

import logging
import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError

from app import metrics
from app.database.side_by_side.aside import step_aside

_log = logging.getLogger(__name__)

#: How often a thing is tried at most.
MOST_TRIES = 4
#: Seconds before the second try, at most; each further one may wait twice as long. By chance, so that two who met do
#: not meet again.
_FIRST_PAUSE = 0.02

#: Serialization failure and deadlock (PostgreSQL's manual, "Serialization Failure Handling").
_SQLSTATES = ("40001", "40P01")
#: A table has another shape since the statement was prepared: a migration ran meanwhile. The SQLSTATE is that of many
#: other errors, and the message is in the server's language.
_PREPARED_BEFORE = "RevalidateCachedQuery"

_Result = TypeVar("_Result")


def asks_to_be_repeated(error: BaseException) -> bool:
    """Returns whether the database says with this error that the transaction may succeed when it is tried again."""
    cause = _cause_of(error)
    if getattr(cause, "sqlite_errorname", None) == "SQLITE_BUSY_SNAPSHOT":
        return True
    if getattr(cause, "sqlstate", None) in _SQLSTATES:
        return True
    return was_prepared_before(cause)


def was_prepared_before(error: BaseException) -> bool:
    """Returns whether a migration came between a statement of this connection and its use."""
    return getattr(getattr(error, "diag", None), "source_function", None) == _PREPARED_BEFORE


def _cause_of(error: BaseException) -> BaseException:
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


def repeat(
    act: Callable[[], _Result],
    *,
    begin_again: Callable[[], Any] = lambda: None,
    may_repeat: Callable[[], bool] = lambda: True,
) -> _Result:
    """Returns what ``act`` returns, in the end: where the database asks for it, it is tried again a few times.

    ``begin_again`` is called before each further try, and leaves everything as it was before the first. ``may_repeat``
    says, after a try has failed, whether nothing of it stands. Raises what the last try raised.
    """
    for tries in range(1, MOST_TRIES):
        try:
            return act()
        except Exception as error:
            if not asks_to_be_repeated(error) or not may_repeat() or hasattr(error, "was_repeated"):
                raise
            metrics.DATABASE_REPEATS.inc(type(getattr(error, "orig", None) or error).__name__)
            _log.info("The database asks to repeat what it ended: %s", type(_cause_of(error)).__name__)
        step_aside()
        time.sleep(random.uniform(0, _FIRST_PAUSE * 2**tries))
        begin_again()
    try:
        return act()
    except Exception as error:
        # What is around this need not try it all over again.
        error.was_repeated = True  # type: ignore[attr-defined]
        raise
