"""A lease is one process's at a time, by the database's clock, and a dead holder's runs out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from app import clock, create_app
from app.config import Settings
from app.database.leases import (
    DatabaseNow,
    Lease,
    LeaseState,
    find_lease,
    give_back_lease,
    new_holder,
    renew_lease,
    take_lease,
)
from app.extensions import db

_JOB = "sweep"
_HOUR = 3600 * 1_000_000


@pytest.fixture
def engine(each_database_url):
    app = create_app(Settings(each_database_url, "only-for-tests-" + "0" * 32, "http://127.0.0.1:8000"))
    with app.app_context():
        if each_database_url.startswith("sqlite"):
            Path(db.engine.url.database).touch()
        Lease.__table__.create(db.engine)
        yield db.engine
        db.engine.dispose()


def _take(engine, holder: str, seconds: int = 60, every: float = 0) -> bool:
    return take_lease(engine, _JOB, holder, seconds=seconds, every=every)


def test_of_many_that_ask_at_once_one_gets_it(engine):
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda number: _take(engine, f"holder {number}"), range(24)))
    assert got.count(True) == 1


def test_one_that_has_run_out_is_the_next_ones(engine):
    assert _take(engine, "dead", seconds=0)
    assert _take(engine, "next")
    assert not renew_lease(engine, _JOB, "dead", seconds=60)
    assert renew_lease(engine, _JOB, "next", seconds=60)


def test_a_machine_whose_own_clock_is_wrong_takes_nobodys_lease(engine, monkeypatch):
    assert _take(engine, "first")
    monkeypatch.setattr("app.clock.now", lambda: datetime.now(UTC) + timedelta(days=400))
    assert clock.now().year > datetime.now(UTC).year
    assert not _take(engine, "second")


def test_the_databases_clock_is_the_same_number_on_both(engine):
    with engine.connect() as connection:
        told = connection.scalar(db.select(DatabaseNow()))
    assert abs(told / 1_000_000 - datetime.now(UTC).timestamp()) < 5


def test_what_was_given_back_is_free_at_once_and_not_due_before_its_time(engine):
    assert _take(engine, "first")
    give_back_lease(engine, _JOB, "first", is_done=True)
    assert not _take(engine, "second", every=300)
    assert _take(engine, "second", every=0)


def test_a_turn_that_was_not_finished_is_anothers_at_once(engine):
    assert _take(engine, "first", every=300)
    give_back_lease(engine, _JOB, "first", is_done=False)
    assert _take(engine, "second", every=300)


def test_only_its_holder_gives_it_back(engine):
    assert _take(engine, "first")
    give_back_lease(engine, _JOB, "second", is_done=True)
    assert not _take(engine, "second")


def test_a_clock_that_was_put_back_holds_nobody_up(engine):
    """What was written an hour ahead would else stop the job for an hour."""
    with engine.begin() as connection:
        connection.execute(
            insert(Lease).values(
                name=_JOB, holder="ahead", expires_at=DatabaseNow() + _HOUR, done_at=DatabaseNow() + _HOUR
            )
        )
    assert _take(engine, "next", every=300)


def test_what_is_known_of_it_says_who_and_how_long_ago(engine):
    assert find_lease(engine, _JOB) is None
    assert _take(engine, "first")
    assert find_lease(engine, _JOB) == LeaseState("first", True, None)
    give_back_lease(engine, _JOB, "first", is_done=True)
    with engine.begin() as connection:
        connection.execute(update(Lease).values(done_at=DatabaseNow() - _HOUR))
    state = find_lease(engine, _JOB)
    assert not state.is_held and 3600 <= state.done_ago < 3700


def test_a_holder_is_told_by_machine_and_process_and_never_twice():
    first, second = new_holder(), new_holder()
    assert first != second and len(first) <= 80 and ", process " in first
