"""The three stores keep one promise, whichever of them counts."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from limits.storage import Storage
from sqlalchemy import select

from app.extensions import db
from app.limits.calls import Calls
from app.limits.counting import Limits, open_limits
from app.limits.database import DatabaseStorage
from app.limits.errors import TooManyAttempts
from app.limits.models import RateLimitCounter
from app.limits.process import MOST_COUNTERS, ProcessStorage
from app.limits.redis_store import RedisCounters
from app.limits.table import CLIENT_FAILURES, STRANGER_SIGN_INS

SUBJECT = ("192.0.2.1", "alice@acme.example")


@pytest.fixture(params=["process", "database", "redis"])
def storage(request, app) -> Storage:
    if request.param == "process":
        return ProcessStorage()
    if request.param == "database":
        return DatabaseStorage(app.extensions["services"].engine)
    return RedisCounters(request.getfixturevalue("redis_server").url)


@pytest.fixture
def limits(storage) -> Limits:
    return Limits(storage, Calls(0))


# -- what the library wants ------------------------------------------------------------------------


def test_storage_is_one_of_the_library(storage):
    assert isinstance(storage, Storage)


def test_storage_counts_and_takes_back(storage):
    assert storage.get("k") == 0
    assert [storage.incr("k", 60), storage.incr("k", 60), storage.incr("k", 60, amount=3)] == [1, 2, 5]
    assert (storage.get("k"), storage.get("other")) == (5, 0)
    assert storage.incr("k", 60, amount=-2) == 3


def test_storage_forgets_one_or_all(storage):
    storage.incr("a", 60)
    storage.incr("b", 60)
    storage.clear("a")
    assert (storage.get("a"), storage.get("b")) == (0, 1)
    assert storage.reset() == 1
    assert storage.get("b") == 0
    assert storage.check()


@pytest.mark.parametrize("kind", ["process", "database"])
def test_storage_begins_anew_after_its_window(app, kind, clock):
    """Redis has a clock of its own."""
    storage = ProcessStorage() if kind == "process" else DatabaseStorage(app.extensions["services"].engine)
    storage.incr("k", 60, amount=5)
    end = clock.now.timestamp() + 60
    clock.advance(seconds=59)
    assert (storage.get("k"), storage.get_expiry("k")) == (5, end)
    clock.advance(seconds=1)
    assert (storage.get("k"), storage.get_expiry("k")) == (0, clock.now.timestamp())
    assert storage.incr("k", 60) == 1
    assert storage.get_expiry("k") == end + 60
    assert storage.incr("k", 60, amount=-2) == 0


@pytest.mark.parametrize("kind", ["process", "database"])
def test_a_window_that_a_clock_ahead_has_begun_holds_nobody_up_when_it_is_put_right(app, kind, clock):
    """A machine that begins in another year, until it hears what time it is, kept people out for as long."""
    storage = ProcessStorage() if kind == "process" else DatabaseStorage(app.extensions["services"].engine)
    limits = Limits(storage, Calls(0))
    clock.advance(days=365)
    for _ in range(40):
        limits.fail(CLIENT_FAILURES, *SUBJECT)
    for _ in range(10):
        limits.take(STRANGER_SIGN_INS, *SUBJECT)
    clock.advance(days=-365)
    assert limits.fail(CLIENT_FAILURES, *SUBJECT) is None
    assert limits.take(STRANGER_SIGN_INS, *SUBJECT) == 1


@pytest.mark.parametrize("kind", ["process", "database"])
def test_machines_whose_clocks_differ_a_little_count_together(app, kind, clock):
    storage = ProcessStorage() if kind == "process" else DatabaseStorage(app.extensions["services"].engine)
    for seconds in (0, 50, -50, 50, -50):
        clock.advance(seconds=seconds)
        count = storage.incr("k", 60)
    assert count == 5


def test_redis_forgets_by_itself_and_says_when(redis_server):
    storage = RedisCounters(redis_server.url)
    storage.incr("k", 60)
    with redis.from_url(redis_server.url) as client:
        (key,) = client.keys()
        assert 59_000 < client.pttl(key) <= 60_000


# -- what is limited -------------------------------------------------------------------------------


def test_what_is_too_many_is_refused_until_the_window_ends(limits):
    assert [limits.take(STRANGER_SIGN_INS, *SUBJECT) for _ in range(10)] == list(range(1, 11))
    with pytest.raises(TooManyAttempts) as refused:
        limits.take(STRANGER_SIGN_INS, *SUBJECT)
    assert 890 < refused.value.seconds <= 900
    assert limits.take(STRANGER_SIGN_INS, "192.0.2.2", SUBJECT[1]) == 1


def test_what_is_given_back_may_be_taken_again(limits):
    for _ in range(30):
        limits.take(STRANGER_SIGN_INS, *SUBJECT)
        limits.give_back(STRANGER_SIGN_INS, *SUBJECT)


def test_failures_are_let_be_until_they_are_too_many(limits):
    answers = [limits.fail(CLIENT_FAILURES, *SUBJECT) for _ in range(35)]
    assert answers[:30] == [None] * 30
    assert all(50 < seconds <= 60 for seconds in answers[30:])


def test_parallel_attempts_each_count(limits):
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: limits.fail(CLIENT_FAILURES, *SUBJECT), range(40)))
    assert answers.count(None) == 30


def test_who_goes_on_knocking_costs_the_store_nothing(limits, storage):
    for _ in range(100):
        limits.fail(CLIENT_FAILURES, *SUBJECT)
    storage.reset()
    assert limits.fail(CLIENT_FAILURES, *SUBJECT)


def test_no_store_can_tell_of_whom_it_counts(limits, storage, app, request):
    limits.fail(CLIENT_FAILURES, *SUBJECT)
    if isinstance(storage, ProcessStorage):
        held = repr(storage._counters)
    elif isinstance(storage, RedisCounters):
        with redis.from_url(request.getfixturevalue("redis_server").url) as client:
            held = repr(client.keys())
    else:
        with app.app_context():
            held = repr(db.session.execute(select(RateLimitCounter.__table__)).all())
    assert len(held) > 40
    assert "alice" not in held and "192.0.2" not in held


def test_memory_is_bounded_however_many_come(clock):
    storage = ProcessStorage()
    for number in range(MOST_COUNTERS + 500):
        storage.incr(f"key {number}", 60)
    assert len(storage._counters) <= MOST_COUNTERS
    # Those that came last are counted as before.
    assert storage.incr(f"key {MOST_COUNTERS + 499}", 60) == 2
    clock.advance(seconds=60)
    for number in range(MOST_COUNTERS):
        storage.incr(f"next {number}", 60)
    assert len(storage._counters) <= MOST_COUNTERS


def test_two_processes_count_together(app, redis_server):
    """In the database, and in Redis when there is one."""
    engine = app.extensions["services"].engine
    for url in (None, redis_server.url):
        one, other = open_limits(engine, url, 0), open_limits(engine, url, 0)
        for _ in range(5):
            one.take(STRANGER_SIGN_INS, *SUBJECT)
            other.take(STRANGER_SIGN_INS, *SUBJECT)
        with pytest.raises(TooManyAttempts):
            one.take(STRANGER_SIGN_INS, *SUBJECT)
    with app.app_context():
        assert len(db.session.scalars(select(RateLimitCounter.key)).all()) == 1, (
            "With Redis the database is left alone."
        )
