"""A server purges by itself: one process of all at a time, on and on, and ends within moments."""

import logging
import re
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec import structs
from sqlalchemy import func, select

from app import clock
from app.database.leases import Lease, find_lease, give_back_lease, take_lease
from app.extensions import db
from app.limits.models import RateLimitCounter
from app.metrics import render
from app.purge.backlog import find_backlog
from app.purge.run import LEASE, Purge
from app.purge.thread import _DOUBTS, PurgeThread
from tests.server import running_server


def _wait_until(happened: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.02)


def _add_expired(app, count: int = 1) -> None:
    with app.app_context():
        for number in range(count):
            at = clock.now() - timedelta(minutes=1, seconds=number)
            db.session.add(RateLimitCounter(key=f"{number:064}", count=1, expires_at=at))
        db.session.commit()


def _count(app) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(RateLimitCounter))


@pytest.fixture
def start(app, monkeypatch):
    """Start threads as workers do, and end them."""
    monkeypatch.setattr("app.purge.thread._FIRST_LOOK", 0.01)
    threads = []
    with app.app_context():
        engine = db.engine

    def start(interval: int = 1) -> PurgeThread:
        thread = PurgeThread(
            engine, structs.replace(app.extensions["services"].settings, purge_interval=interval), app.app_context
        )
        threads.append(thread)
        thread.start()
        return thread

    yield start
    for thread in threads:
        thread.stop()


def test_it_removes_what_has_expired_and_writes_down_when(app, start):
    _add_expired(app, 3)
    start()
    _wait_until(lambda: _count(app) == 0)
    with app.app_context():
        engine = db.engine
    _wait_until(lambda: find_lease(engine, LEASE).done_ago is not None)
    _wait_until(lambda: re.search(rb'reliquary_purged_rows_total\{table="rate_limit_counters"\} [3-9]', render()))
    _wait_until(lambda: b"reliquary_purge_overdue_seconds 0.0" in render())
    assert not find_lease(engine, LEASE).is_held


def test_a_machine_whose_clock_is_ahead_purges_nothing_until_it_is_put_right(app, start, monkeypatch, caplog):
    """Of many machines one whose clock is a year ahead would delete what is everybody's, and that does not come back."""
    _add_expired(app)
    now = clock.now
    with monkeypatch.context() as ahead:
        ahead.setattr("app.clock.now", lambda: now() + timedelta(days=365))
        start()
        _wait_until(lambda: "could not go on, and is tried again: This machine's clock is 315" in caplog.text)
        assert _count(app) == 1
    _wait_until(lambda: _count(app) == 0)


def test_a_clock_that_seems_to_have_leapt_is_given_an_hour_to_be_put_right(app, start, monkeypatch, caplog):
    """On one machine the database's clock is no other: after a leap all tokens, sessions and receipts would go at once."""
    _add_expired(app)
    with app.app_context():
        engine, long_ago = db.engine, int((time.time() - 12 * 86400) * 1_000_000)
        db.session.add(Lease(name=LEASE, holder="before the leap", expires_at=long_ago, done_at=long_ago))
        db.session.commit()
    monkeypatch.setattr("app.purge.thread.random.uniform", lambda *_bounds: 0.01)
    start(1)
    start(1)
    told = "The last purge ended 12 days ago, if the clock is right."
    _wait_until(lambda: told in caplog.text)
    doubts = find_lease(engine, _DOUBTS)
    assert _count(app) == 1
    assert find_lease(engine, LEASE).done_ago > 11 * 86400
    # Also by another process, as that was noticed an hour ago.
    monkeypatch.setattr("app.purge.thread._WAITS", 0.0)
    _wait_until(lambda: _count(app) == 0)
    _wait_until(lambda: find_lease(engine, LEASE).done_ago < 60)
    assert doubts.done_ago < 60 and caplog.text.count(told) == 1
    _wait_until(lambda: find_lease(engine, _DOUBTS) is None)


def test_a_leap_that_was_put_right_leaves_nothing_by_which_another_would_be_believed(app, monkeypatch, caplog):
    with app.app_context():
        engine, now = db.engine, int(time.time() * 1_000_000)
        done = {LEASE: now - 12 * 86400 * 1_000_000, _DOUBTS: now + 86400 * 1_000_000}
        db.session.add_all(Lease(name=name, holder="x", expires_at=at, done_at=at) for name, at in done.items())
        db.session.commit()
    thread = PurgeThread(engine, app.extensions["services"].settings, app.app_context)
    # What a larger leap has written is not the moment at which this one was noticed.
    assert thread._doubts_clock() and thread._doubts_clock()
    assert 0 <= find_lease(engine, _DOUBTS).done_ago < 60
    assert caplog.text.count("The last purge ended 12 days ago") == 1
    assert take_lease(engine, LEASE, "y", seconds=60)
    give_back_lease(engine, LEASE, "y", is_done=True)
    assert not thread._doubts_clock()
    assert find_lease(engine, _DOUBTS) is None


def test_one_of_several_works_at_a_time(app, start, monkeypatch):
    at_work, most, turns = [], [], []

    def run(self, *, everything):
        at_work.append(self)
        most.append(len(at_work))
        turns.append(self.holder)
        self.pause(0.05)
        at_work.remove(self)
        return {}, True

    monkeypatch.setattr("app.purge.run.Purge.run", run)
    for _ in range(4):
        start()
    _wait_until(lambda: len(turns) >= 3)
    assert set(most) == {1}


def test_while_another_holds_the_lease_nothing_is_removed(app, start):
    _add_expired(app)
    with app.app_context():
        assert take_lease(db.engine, LEASE, "another machine", seconds=60)
    thread = start()
    _wait_until(lambda: thread._thread.is_alive())
    time.sleep(0.2)
    assert _count(app) == 1


def test_whoever_lost_the_lease_stops(app, monkeypatch):
    """As a process does that was frozen for so long that another took its turn."""
    with app.app_context():
        purge = Purge(db.engine, app.extensions["services"].settings, lambda _seconds: True, app.app_context)
        monkeypatch.setattr("app.purge.run.LEASE_SECONDS", 0)
        assert purge.take_turn()
        assert take_lease(db.engine, LEASE, "another machine", seconds=60)
        assert purge.run(everything=False)[1] is False


def test_a_failing_database_is_told_once_and_tried_again(app, start, monkeypatch, caplog):
    caplog.set_level(logging.INFO, "app.purge")
    took = threading.Event()
    failures = []

    def take_turn(self, every=0):
        if len(failures) < 3:
            failures.append(every)
            raise OSError("the disk\nis gone")
        took.set()
        return False

    monkeypatch.setattr("app.purge.run.Purge.take_turn", take_turn)
    monkeypatch.setattr("app.purge.thread.random.uniform", lambda *_bounds: 0.01)
    start()
    assert took.wait(10)
    _wait_until(lambda: any("works again" in record.message for record in caplog.records))
    errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert errors == ["The purge could not go on, and is tried again: the disk\nis gone"]


def test_it_ends_within_moments_in_the_middle_of_a_purge(app, start, monkeypatch):
    _add_expired(app, 200)
    for bound in ("_FIRST_ROWS", "_FEWEST_ROWS", "_MOST_ROWS"):
        monkeypatch.setattr(f"app.purge.batches.{bound}", 2)
    monkeypatch.setattr("app.purge.batches._SHORTEST_PAUSE", 0.2)
    thread = start()
    _wait_until(lambda: _count(app) < 200)
    began = time.monotonic()
    thread.stop()
    assert time.monotonic() - began < 1
    assert not thread._thread.is_alive() and _count(app) > 0
    with app.app_context():
        # And another goes on at once.
        assert take_lease(db.engine, LEASE, "another machine", seconds=60, every=300)


def test_an_interval_of_none_leaves_it_to_the_command(app, start):
    assert start(interval=0)._thread is None


def test_the_backlog_says_how_much_waits_and_for_how_long(app):
    _add_expired(app, 3)
    with app.app_context():
        backlog = find_backlog(db.engine, app.extensions["services"].settings)
    assert backlog["rate_limit_counters"].rows == 3
    assert 60 <= backlog["rate_limit_counters"].seconds < 100
    assert sum(told.rows for told in backlog.values()) == 3


def test_the_backlog_counts_no_further_than_it_must(app, monkeypatch):
    monkeypatch.setattr("app.purge.backlog.MOST_COUNTED", 2)
    _add_expired(app, 3)
    with app.app_context():
        assert find_backlog(db.engine, app.extensions["services"].settings)["rate_limit_counters"].rows == 2


def test_a_running_server_does_it_and_no_command_does(each_database_url, tmp_path):
    with running_server(each_database_url, tmp_path, PURGE_INTERVAL="1", WEB_CONCURRENCY="2") as server:
        _add_expired(server.app, 5)
        _wait_until(lambda: _count(server.app) == 0, seconds=30)
        _wait_until(lambda: "Purged in" in server.log)
        assert "rate_limit_counters 5" in server.log
