"""A store that is away: every process counts for itself, nobody waits, and the log says so once."""

import logging
import sqlite3
import time

import pytest
from sqlalchemy import create_engine

from app.database.engine import prepare_engine
from app.database.patience import REQUEST_SECONDS, find_patience, set_patience
from app.limits.calls import Calls
from app.limits.counting import Limits, open_limits
from app.limits.database import DatabaseStorage
from app.limits.models import RateLimitCounter
from app.limits.redis_store import TIMEOUT, RedisCounters
from app.limits.stand_in import StandIn
from app.limits.table import CLIENT_FAILURES
from tests.redis_servers import running_redis

SUBJECT = ("192.0.2.1", "client_1")
#: Loopback is quick, and the machine may be busy.
QUICKLY = 0.05


@pytest.fixture
def log(caplog):
    """What the log has said of stores since it was asked last."""
    caplog.set_level(logging.INFO, logger="app.limits")

    def log() -> list[str]:
        said = [record.getMessage() for record in caplog.records if record.name.startswith("app.limits")]
        caplog.clear()
        return said

    return log


@pytest.fixture
def redis_limits(redis_server):
    """Limits over a Redis, whose thread does not look by itself."""
    storage = StandIn(RedisCounters(redis_server.url), "Redis at here", has_thread=lambda: False)
    yield Limits(storage, Calls(0))
    redis_server.stop()
    redis_server.start()


def seconds_of(action) -> float:
    begin = time.monotonic()
    action()
    return time.monotonic() - begin


def fail_often(limits, times: int) -> list:
    return [limits.fail(CLIENT_FAILURES, *SUBJECT) for _ in range(times)]


@pytest.mark.parametrize("fault", ["stop", "freeze"])
def test_redis_away_means_that_this_process_counts(redis_server, redis_limits, log, fault):
    assert fail_often(redis_limits, 5) == [None] * 5
    getattr(redis_server, fault)()
    first = seconds_of(lambda: fail_often(redis_limits, 1))
    rest = [seconds_of(lambda: redis_limits.fail(CLIENT_FAILURES, "192.0.2.2", "other")) for _ in range(10)]
    assert first < 3 * TIMEOUT + QUICKLY
    assert max(rest) < QUICKLY
    # Limited all the same: one counted already, and twenty-nine more are let be.
    answers = fail_often(redis_limits, 35)
    assert answers.count(None) == 29 and answers[-1] > 50
    said = log()
    assert len(said) == 1 and said[0].startswith("Redis at here does not count (")
    assert said[0].endswith("each process counts for itself what is limited.")


def test_redis_back_means_that_all_count_together_again(redis_server, redis_limits, log):
    fail_often(redis_limits, 5)
    redis_server.freeze()
    fail_often(redis_limits, 5)
    assert not redis_limits.storage.look()
    redis_server.thaw()
    assert redis_limits.storage.look()
    assert redis_limits.storage.look(), "Asked again, it says nothing new."
    assert [line.partition(":")[0] for line in log()][1:] == ["Redis at here is back"]
    # The five from before are counted still; what timed out may have been counted there too.
    assert fail_often(redis_limits, 30).count(None) in (24, 25)


def test_a_thread_looks_whether_redis_is_back(redis_server, app, log, monkeypatch):
    monkeypatch.setattr("app.limits.stand_in.INTERVAL", 0.02)
    limits = open_limits(app.extensions["services"].engine, redis_server.url, 0)
    redis_server.stop()
    try:
        fail_often(limits, 1)
        assert not limits.storage.check()
    finally:
        redis_server.start()
    deadline = time.monotonic() + 10
    while not limits.storage.check():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert len(log()) == 2


def test_connection_that_lay_idle_and_was_closed_is_no_fault(redis_server, app, log):
    limits = open_limits(app.extensions["services"].engine, redis_server.url, 0)
    fail_often(limits, 1)
    redis_server.stop()
    redis_server.start()
    fail_often(limits, 1)
    assert log() == []


def test_the_log_never_has_the_password(app, log):
    with running_redis(password="open-sesame") as server:
        right = open_limits(app.extensions["services"].engine, server.url, 0)
        assert fail_often(right, 31)[-1]
        assert log() == []
        wrong = open_limits(app.extensions["services"].engine, server.url.replace("sesame", "barley"), 0)
        assert fail_often(wrong, 31)[-1]
        said = " ".join(log())
    assert "AuthenticationError" in said
    assert "open-" not in said and "barley" not in said


@pytest.fixture(params=[None, REQUEST_SECONDS], ids=["command", "request"])
def patience(request):
    set_patience(request.param)
    yield request.param
    set_patience(None)


def test_a_locked_sqlite_is_counted_beside(tmp_path, log, patience):
    """Nobody waits long for whoever writes, and nothing fails. A request keeps its patience for what it cannot do without."""
    path = tmp_path / "locked.sqlite3"
    path.touch()
    engine = create_engine(f"sqlite:///{path}")
    prepare_engine(engine)
    RateLimitCounter.__table__.create(engine)
    storage = StandIn(DatabaseStorage(engine), "The database", has_thread=lambda: False)
    limits = Limits(storage, Calls(0))
    assert fail_often(limits, 5) == [None] * 5
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    assert seconds_of(lambda: fail_often(limits, 1)) < 1.5
    assert patience is None or find_patience().left > 1.0
    assert seconds_of(lambda: fail_often(limits, 18)) < QUICKLY * 18
    assert not storage.look()
    writer.execute("ROLLBACK")
    writer.close()
    assert storage.look()
    assert len(log()) == 2
    assert fail_often(limits, 40).count(None) == 25
    engine.dispose()
