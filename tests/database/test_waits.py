"""Nobody waits for PostgreSQL longer than a request may, and what is given up is not done later."""

import secrets
import socket
import sqlite3
import threading
import time
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, func, literal, make_url, select, text
from sqlalchemy.exc import OperationalError

from app.database import connecting, sqlite
from app.database.away import NoAnswer, NotAsked
from app.database.connections import connect
from app.database.engine import engine_options, prepare_engine, serve_requests
from app.database.hosts import split_hosts
from app.database.patience import (
    LONG_WORK_SECONDS,
    REQUEST_SECONDS,
    Patience,
    find_patience,
    set_patience,
    take_time,
    take_time_for,
)
from app.database.statements import Statement
from app.database.unavailable import find_unavailability
from app.database.waits import Waits
from app.extensions import db
from tests.databases import for_libpq, missing_postgresql
from tests.robustness.locking import wait_until
from tests.tables import each

_ONE = Statement(select(literal(1).label("one")))
_SLEEP = Statement(select(func.pg_sleep(60).label("slept")))
_ASLEEP = (
    "SELECT count(*) FROM pg_stat_activity WHERE query ~ 'pg_sleep' AND pid <> pg_backend_pid() AND state = 'active'"
)

needs_postgresql = [
    pytest.mark.postgresql,
    pytest.mark.skipif(missing_postgresql() is not None, reason=str(missing_postgresql())),
]


@pytest.fixture(autouse=True)
def _no_patience_is_left_behind():
    yield
    set_patience(None)


@pytest.fixture
def engine_for():
    engines = []

    def make(url: str):
        engine = create_engine(url, **engine_options(url))
        prepare_engine(engine)
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        engine.dispose()


@pytest.fixture
def engine(sorted_database_url, engine_for):
    return engine_for(sorted_database_url)


@pytest.fixture
def silent():
    """The port of a server that takes connections and says nothing, as a frozen PostgreSQL does."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def seconds_of(act) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def ask(engine):
    with connect(engine) as connection:
        return connection.first(_ONE).one


# -- without a database ----------------------------------------------------------------------------


def test_a_server_that_says_nothing_is_given_up_and_then_not_asked(silent, engine_for):
    """The first request waits as long as one may; the next is told at once."""
    engine = engine_for(f"postgresql+psycopg://nobody@127.0.0.1:{silent}/nothing")

    def is_told(kind) -> float:
        set_patience(0.5)
        with pytest.raises(kind) as told:
            ask(engine)
        assert find_unavailability(told.value) == "silent"

    assert 0.4 < seconds_of(lambda: is_told(NoAnswer)) < 2.0
    time.sleep(0.25)
    assert seconds_of(lambda: is_told(NotAsked)) < 0.2


def test_looking_up_a_host_is_bounded_too(engine_for, monkeypatch):
    """A resolver without an answer blocks whoever asks it, for half a minute; a request has no time for that."""
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: over.wait(20) and [])
    engine = engine_for("postgresql+psycopg://nobody@database.example/nothing")
    set_patience(0.5)
    try:
        with pytest.raises(NoAnswer):
            ask(engine)
    finally:
        over.set()


def test_some_threads_never_wait_long():
    waits = Waits(lambda: None)
    waits.most_long = 3
    for _ in range(3):
        waits.begin_long()
    with pytest.raises(NotAsked):
        waits.begin_long()
    assert waits.are_closed
    with pytest.raises(NotAsked):
        waits.check(Patience(2.0))
    waits.end_long()
    waits.begin_long()


def test_requests_are_served_again_with_the_first_answer():
    answers = threading.Event()

    def probe():
        if not answers.is_set():
            raise OSError

    waits = Waits(probe)
    waits.give_up(Patience(1.0))
    time.sleep(0.25)
    with pytest.raises(NotAsked):
        waits.check(Patience(2.0))
    answers.set()
    wait_until(lambda: not waits.are_closed)
    waits.check(Patience(2.0))


def test_an_attempt_that_hangs_does_not_keep_the_next_from_being_made(monkeypatch):
    """A question to a name server that got lost takes half a minute to fail; the database is there again long before."""
    monkeypatch.setattr("app.database.waits._PROBE_HANGS", 0.01)
    over, attempts = threading.Event(), []

    def probe():
        attempts.append(None)
        if len(attempts) < 3:
            over.wait(60)
            raise OSError

    waits = Waits(probe)
    waits.give_up(Patience(1.0))
    try:
        wait_until(lambda: not waits.are_closed)
    finally:
        over.set()
    waits.check(Patience(2.0))
    assert len(attempts) == 3


def test_attempts_that_hang_have_a_bound(monkeypatch):
    monkeypatch.setattr("app.database.waits._PROBE_HANGS", 0.0)
    monkeypatch.setattr("app.database.waits._PROBE_PAUSE", 0.0)
    over, attempts = threading.Event(), []

    def probe():
        attempts.append(None)
        over.wait(60)

    waits = Waits(probe)
    waits.give_up(Patience(1.0))
    wait_until(lambda: len(attempts) == 8)
    with pytest.raises(NotAsked):
        waits.check(Patience(2.0))
    assert len(attempts) == 8
    over.set()
    wait_until(lambda: not waits.are_closed)


def test_one_slow_statement_keeps_nobody_out():
    """Where the probe is answered at once, the others have waited for its verdict and go on."""
    waits = Waits(lambda: None)
    waits.give_up(Patience(1.0))
    waits.check(Patience(2.0))


def test_a_request_has_patience_and_what_comes_after_it_has_none(app):
    with app.test_request_context("/healthz"):
        app.preprocess_request()
        assert find_patience().left == REQUEST_SECONDS
    assert find_patience() is None


def test_the_end_of_its_session_is_waited_for_as_the_rest_of_a_request_is(app, monkeypatch):
    """A rollback that a silent database does not answer would keep the answer, which is there by then, for ever."""
    left = []
    remove = db.session.remove
    monkeypatch.setattr(db.session, "remove", lambda: left.append(find_patience()) or remove())
    with app.test_request_context("/healthz"):
        app.preprocess_request()
    assert [patience.left for patience in left] == [REQUEST_SECONDS]


@each(
    ("texts", "is_much"),
    [(["a" * 10_000], False), (["a"] * 10, False), (["a" * 20_000], True), (["a"] * 20, True), ([], False)],
)
def test_a_few_texts_are_no_much_work(texts, is_much):
    set_patience(REQUEST_SECONDS)
    take_time_for(texts)
    assert find_patience().left == (LONG_WORK_SECONDS if is_much else REQUEST_SECONDS)


def test_much_work_may_take_its_time():
    """Keeping a million characters, or deleting what a person has of an app, is no sign that the database is away."""
    take_time()
    assert find_patience() is None
    set_patience(0.1)
    take_time()
    assert find_patience().left == LONG_WORK_SECONDS


@pytest.mark.parametrize(
    ("given", "hosts"),
    [
        ({"host": "one"}, [("one", None)]),
        ({"host": "one,two"}, [("one", None), ("two", None)]),
        ({"host": "one,two", "port": "1,2"}, [("one", "1"), ("two", "2")]),
        ({"host": "one,two", "port": "1"}, [("one", "1"), ("two", "1")]),
        ({"host": "one,two", "target_session_attrs": "prefer-standby"}, [("one,two", None)]),
    ],
)
def test_several_hosts_are_asked_one_by_one(given, hosts):
    split = split_hosts(given)
    assert [(one["host"], one.get("port")) for one in split] == hosts
    assert len(split) == 1 or {one["target_session_attrs"] for one in split} == {"read-write"}


@each(
    "said",
    [
        "remaining connection slots are reserved for non-replication superuser connections",
        "sorry, too many clients already",
        'too many connections for database "reliquary"',
        "no more connections allowed (max_client_conn)",
    ],
)
def test_a_server_that_gives_no_more_connections_is_busy(said):
    """It refuses whoever connects in words alone."""
    error = psycopg.OperationalError(
        f'connection failed: connection to server at "10.0.0.1", port 5432 failed: FATAL:  {said}'
    )
    assert find_unavailability(error) == "busy"


# -- with PostgreSQL -------------------------------------------------------------------------------


class TestPostgresql:
    pytestmark = needs_postgresql

    def test_a_statement_past_its_time_is_given_up_and_cancelled(self, engine):
        ask(engine)
        set_patience(0.5)
        with pytest.raises(NoAnswer), connect(engine) as connection:
            connection.first(_SLEEP)
        set_patience(None)
        # Each look is a transaction of its own: within one PostgreSQL tells the same of everybody to its end.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as other:
            wait_until(lambda: other.exec_driver_sql(_ASLEEP).scalar() == 0)
        set_patience(2.0)
        wait_until(lambda: not may_not_ask(engine))

    def test_the_session_of_the_orm_is_told_the_same(self, engine):
        set_patience(0.5)
        with pytest.raises(OperationalError) as told, engine.connect() as connection:
            connection.execute(text("SELECT pg_sleep(60)"))
        assert isinstance(told.value.orig, NoAnswer)
        assert find_unavailability(told.value) == "silent"
        set_patience(None)
        with engine.connect() as connection:
            assert connection.execute(text("SELECT 1")).scalar() == 1

    def test_all_statements_of_a_request_together_have_one_time(self, engine):
        set_patience(1.0)

        def many() -> None:
            # Whether the time ends within a statement or between two is chance.
            with pytest.raises((NoAnswer, NotAsked)), connect(engine) as connection:
                for _ in range(10):
                    connection._cursor.execute("SELECT pg_sleep(0.3)")

        assert seconds_of(many) < 2.0

    def test_a_transaction_that_is_given_up_leaves_nothing(self, engine):
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE notes (one integer)")
        set_patience(0.5)
        with pytest.raises(NoAnswer), connect(engine) as connection, connection.transaction():
            connection._cursor.execute("INSERT INTO notes VALUES (1)")
            connection._cursor.execute("SELECT pg_sleep(60)")
        set_patience(None)
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM notes").scalar() == 0

    def test_a_command_waits_as_long_as_it_takes(self, engine):
        with connect(engine) as connection:
            assert connection._cursor.execute("SELECT pg_sleep(1), 7").fetchone()[1] == 7

    def test_what_a_server_does_beside_its_requests_does_not_wait_for_ever(self, engine, monkeypatch):
        """Another server may have taken the place of the one that fell silent, and hangs up on nobody."""
        monkeypatch.setattr(connecting, "_SILENT_SECONDS", 0.5)
        serve_requests(engine, 4)
        with pytest.raises(OperationalError) as told, engine.connect() as connection:
            connection.execute(text("SELECT pg_sleep(60)"))
        assert find_unavailability(told.value) == "silent"
        assert ask(engine) == 1

    def test_who_gets_no_connection_as_there_are_enough_is_told_that_it_is_busy(self, sorted_database_url, engine_for):
        url, role = make_url(sorted_database_url), f"crowd_{secrets.token_hex(4)}"
        with psycopg.connect(for_libpq(url), autocommit=True) as administrator:
            administrator.execute(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 0")
            try:
                with pytest.raises(psycopg.OperationalError) as told:
                    ask(engine_for(url.set(username=role).render_as_string(hide_password=False)))
            finally:
                administrator.execute(f"DROP ROLE {role}")
        assert find_unavailability(told.value) == "busy"

    def test_a_command_waits_so_whatever_the_database_has_for_a_default(self, sorted_database_url, engine_for):
        url = make_url(sorted_database_url)
        with psycopg.connect(for_libpq(url), autocommit=True) as administrator:
            administrator.execute(f"ALTER DATABASE \"{url.database}\" SET statement_timeout = '7s'")
        with engine_for(sorted_database_url).connect() as connection:
            assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "0"
        url = url.update_query_dict({"options": "-c statement_timeout=8s"})
        with engine_for(url.render_as_string(hide_password=False)).connect() as connection:
            assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "8s"

    def test_who_waits_for_a_lock_is_told_by_the_server(self, engine):
        """The server ends it itself, also when we are gone; a lock says nothing about the database's health."""
        serve_requests(engine, 4)
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "2s"
            assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "30s"
            assert connection.exec_driver_sql("SHOW TimeZone").scalar() == "UTC"

    def test_what_the_url_sets_stands(self, sorted_database_url, engine_for):
        url = make_url(sorted_database_url).update_query_dict({"options": "-c lock_timeout=7s"})
        engine = engine_for(url.render_as_string(hide_password=False))
        serve_requests(engine, 4)
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "7s"

    def test_a_silent_host_does_not_keep_us_from_the_next(self, sorted_database_url, silent, engine_for):
        url = make_url(sorted_database_url)
        hosts = {"host": f"127.0.0.1,{url.query['host']}", "port": f"{silent},5432"}
        engine = engine_for(url.set(query=hosts).render_as_string(hide_password=False))
        set_patience(2.0)
        assert seconds_of(lambda: ask(engine)) < 2.0

    def test_idle_connections_are_not_trusted_after_a_silence(self, engine):
        """Those that a firewall has forgotten look like any other: one wait tells of them all."""
        set_patience(0.5)
        with pytest.raises(NoAnswer), connect(engine) as other, connect(engine) as connection:
            other.first(_ONE)
            idle: Any = other._pooled.driver_connection
            connection.first(_SLEEP)
        assert not idle.closed
        assert not idle.is_alive()


def may_not_ask(engine) -> bool:
    try:
        return ask(engine) != 1
    except NotAsked:
        return True


# -- with SQLite -----------------------------------------------------------------------------------


@pytest.fixture
def locked_sqlite(tmp_path, engine_for):
    """An engine whose database another process keeps locked."""
    path = tmp_path / "locked.sqlite3"
    with sqlite3.connect(path) as first:
        first.execute("PRAGMA journal_mode=WAL")
        first.execute("CREATE TABLE notes (one INTEGER)")
    engine = engine_for(f"sqlite:///{path}")
    serve_requests(engine, 4)
    rival = sqlite3.connect(path, isolation_level=None)
    rival.execute("BEGIN IMMEDIATE")
    engine.rival = rival
    yield engine
    rival.close()


def test_a_lock_is_taken_soon_after_it_is_free(locked_sqlite, monkeypatch):
    """However long it was held: SQLite itself would look again after a tenth of a second."""
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if sum(pauses) > 0.2 and locked_sqlite.rival.in_transaction:
            locked_sqlite.rival.execute("ROLLBACK")
            pauses.append(0)

    monkeypatch.setattr(sqlite, "sleep", pause)
    set_patience(2.0)
    with connect(locked_sqlite) as connection:
        connection._cursor.execute("INSERT INTO notes VALUES (1)")
    assert pauses[-1] == 0
    assert max(pauses) <= 0.002


def test_a_locked_sqlite_keeps_some_threads_waiting_and_tells_the_others(locked_sqlite):
    """Three wait as long as a request may. The fourth is told after a moment, and whoever comes then at once."""
    waited: list[float] = []

    def write() -> None:
        set_patience(2.0)
        began = time.monotonic()
        with connect(locked_sqlite) as connection:
            try:
                connection._cursor.execute("INSERT INTO notes VALUES (1)")
            except sqlite3.OperationalError as error:
                assert find_unavailability(error) == "locked"
                waited.append(time.monotonic() - began)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(waited) == 1)
    assert 0.5 < waited[0] < 1.9
    set_patience(2.0)
    assert seconds_of(write) < 0.3
    set_patience(2.0)
    with connect(locked_sqlite) as connection:
        assert connection._cursor.execute("SELECT count(*) FROM notes").fetchone() == (0,)
    for thread in threads:
        thread.join(10)
    assert len(waited) == 5
    assert all(1.5 < one < 5 for one in waited[2:])


def test_a_full_sqlite_is_told_once_and_its_connection_goes_on(tmp_path, engine_for, caplog):
    """It ends the transaction by itself, so there is nothing to roll back."""
    with sqlite3.connect(tmp_path / "full.sqlite3") as first:
        first.execute("CREATE TABLE notes (one BLOB)")
    engine = engine_for(f"sqlite:///{tmp_path / 'full.sqlite3'}")
    with connect(engine) as connection:
        connection._cursor.execute("PRAGMA max_page_count = 10")
        driver = connection._driver
    with pytest.raises(sqlite3.OperationalError) as told, connect(engine) as connection, connection.transaction():
        connection._cursor.execute("INSERT INTO notes VALUES (zeroblob(100000))")
    assert (find_unavailability(told.value), caplog.messages) == ("full", [])
    with connect(engine) as next_one:
        assert next_one._driver is driver


def test_why_a_transaction_could_not_be_committed_is_told():
    """Its connection is given up, and is not what was wrong."""
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorname = "SQLITE_FULL"
    assert find_unavailability(OperationalError("COMMIT", None, full, connection_invalidated=True)) == "full"
    other = sqlite3.OperationalError("unknown")
    assert find_unavailability(OperationalError("COMMIT", None, other, connection_invalidated=True)) == "away"
