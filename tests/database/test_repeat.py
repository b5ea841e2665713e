"""What the database asks to be repeated is repeated: as a whole, a few times, and only where nothing of it stands."""

from types import SimpleNamespace

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from app.database import repeat as module
from app.database.repeat import MOST_TRIES, asks_to_be_repeated, repeat


@pytest.fixture(autouse=True)
def pauses(monkeypatch) -> list[float]:
    """How long was waited between two tries."""
    waited: list[float] = []
    monkeypatch.setattr(module.time, "sleep", waited.append)
    return waited


class Deadlock(psycopg.errors.DeadlockDetected):
    """As the driver raises it."""


def fails(times: int, error: Exception | None = None):
    error = error or Deadlock("deadlock detected")
    tries: list[int] = []

    def act() -> str:
        tries.append(len(tries))
        if len(tries) <= times:
            raise error
        return "done"

    act.tries = tries
    return act


@pytest.mark.parametrize(
    ("error", "asks"),
    [
        (psycopg.errors.DeadlockDetected(), True),
        (psycopg.errors.SerializationFailure(), True),
        (OperationalError("UPDATE", {}, psycopg.errors.DeadlockDetected()), True),
        (SimpleNamespace(sqlite_errorname="SQLITE_BUSY_SNAPSHOT"), True),
        (SimpleNamespace(sqlite_errorname="SQLITE_BUSY"), False),
        (SimpleNamespace(diag=SimpleNamespace(source_function="RevalidateCachedQuery"), sqlstate="0A000"), True),
        (psycopg.errors.FeatureNotSupported(), False),
        (psycopg.errors.UniqueViolation(), False),
        (psycopg.errors.LockNotAvailable(), False),
        (ValueError(), False),
    ],
)
def test_what_asks_for_it(error, asks):
    assert asks_to_be_repeated(error) is asks


def test_a_deadlock_is_tried_again_from_the_beginning(pauses):
    act, begun = fails(2), []
    assert repeat(act, begin_again=lambda: begun.append(1)) == "done"
    assert (len(act.tries), len(begun)) == (3, 2)
    assert len(pauses) == 2 and all(0 <= pause <= 0.16 for pause in pauses)


def test_it_is_not_tried_for_ever():
    act = fails(99)
    with pytest.raises(Deadlock):
        repeat(act)
    assert len(act.tries) == MOST_TRIES


def test_what_is_around_it_does_not_try_all_of_that_over_again():
    act = fails(99)
    with pytest.raises(Deadlock):
        repeat(lambda: repeat(act))
    assert len(act.tries) == MOST_TRIES


def test_what_stands_already_is_not_done_twice():
    act = fails(1)
    with pytest.raises(Deadlock):
        repeat(act, may_repeat=lambda: False)
    assert len(act.tries) == 1


def test_any_other_error_is_told_at_once():
    act = fails(1, ValueError())
    with pytest.raises(ValueError):
        repeat(act)
    assert len(act.tries) == 1
