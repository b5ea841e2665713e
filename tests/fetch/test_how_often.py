"""Who may fetch, how many at once, and how often; and that nothing of ours is held meanwhile."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import QueuePool, text

from app import clock, metrics
from app.accounts.models import User
from app.database.connections import connect
from app.database.pool import count_connections
from app.extensions import db
from app.fetch import DOCUMENT, LOGO, PROOF, FetchBusy, FetchFailed, Why, lookups
from app.fetch.deadline import Deadline
from app.limits.errors import TooManyAttempts
from tests.fetch.conftest import PUBLIC, URL


class Held:
    """A host whose answers wait until they are let go."""

    def __init__(self, hosts, count: int) -> None:
        self.arrived, self.gate = threading.Barrier(count + 1), threading.Event()
        hosts.serve(URL, self._answer)

    def _answer(self, connection, _is_over):
        self.arrived.wait(10)
        self.gate.wait(10)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")


@pytest.fixture
def held(hosts, fetch):
    """Two fetches that are under way, of two people."""
    held = Held(hosts, 2)
    with ThreadPoolExecutor(2) as pool:
        under_way = [pool.submit(fetch, person=f"usr_{n}") for n in range(2)]
        held.arrived.wait(10)
        yield held
        held.gate.set()
        assert [one.result().members for one in under_way] == [{}, {}]


# -- at once -------------------------------------------------------------------------------------


def test_a_third_at_once_is_told_so_immediately(held, hosts, fetch, caplog):
    asked = list(hosts.connections)
    for kind in (DOCUMENT, PROOF):
        with pytest.raises(FetchBusy) as busy:
            fetch("https://other.example/", kind, person="usr_2")
        assert (busy.value.why, busy.value.is_passing, busy.value.retry_after) == (Why.BUSY, True, 3)
        assert busy.value.sentence == "We are asking other hosts just now. Try again in a moment."
    assert hosts.connections == asked and hosts.lookups == ["notes.example"] * 2
    # Whoever goes on knocking fills no log.
    assert [record for record in caplog.records if record.name.startswith("app.fetch")] == []


def test_a_busy_moment_is_none_of_the_persons_five(held, hosts, fetch, app):
    for _ in range(9):
        with pytest.raises(FetchBusy):
            fetch(person="usr_2")
    held.gate.set()
    hosts.serve("https://other.example/", {})
    for _ in range(5):
        fetch_when_free(fetch, "https://other.example/", person="usr_2")


def fetch_when_free(fetch, url, **how):
    for _ in range(200):
        try:
            return fetch(url, **how)
        except FetchBusy:
            threading.Event().wait(0.02)
    raise AssertionError("It stayed busy.")


def test_what_fails_makes_room(hosts, refusal):
    hosts.host("inside.example", "127.0.0.1")
    hosts.serve(URL, b"x")
    for number in range(4):
        for url in ("https://nowhere.example/", "https://inside.example/", URL, "https://127.0.0.1/"):
            assert refusal(url, person=f"usr_{number}").why is not Why.BUSY


def test_lookups_that_nobody_waits_for_are_counted(hosts, refusal, in_a_hurry, monkeypatch):
    """Each holds a thread until the operating system gives up."""
    monkeypatch.setattr(lookups, "MOST_AT_ONCE", 2)
    fetcher_lookups = lookups.Lookups()
    is_over = threading.Event()
    begun = []

    def never(host):
        begun.append(host)
        is_over.wait(20)
        return [PUBLIC]

    for _ in range(2):
        with pytest.raises(FetchFailed) as failed:
            fetcher_lookups.resolve(never, "notes.example", Deadline(0.05))
        assert failed.value.why is Why.TIMEOUT
    with pytest.raises(FetchBusy):
        fetcher_lookups.resolve(never, "notes.example", Deadline(0.05))
    is_over.set()
    assert wait_for(lambda: _resolves(fetcher_lookups)) and len(begun) == 2


def _resolves(some):
    try:
        return some.resolve(lambda host: [PUBLIC], "notes.example", Deadline(5)) == [PUBLIC]
    except FetchBusy:
        return False


def wait_for(condition) -> bool:
    for _ in range(300):
        if condition():
            return True
        threading.Event().wait(0.02)
    return False


# -- how often -----------------------------------------------------------------------------------


def test_the_sixth_in_a_minute_is_refused_whatever_came_of_the_others(hosts, fetch, refusal, monkeypatch):
    hosts.serve(URL, {})
    for _ in range(2):
        fetch()
    for url in ("https://nowhere.example/", "https://notes.example/other.json", "https://nowhere.example/"):
        refusal(url)
    asked = len(hosts.lookups)
    with pytest.raises(TooManyAttempts) as refused:
        fetch()
    assert 0 < refused.value.seconds <= 60 and len(hosts.lookups) == asked
    # Another person, and the same one a minute later.
    fetch(person="usr_bob")
    at = clock.now() + timedelta(seconds=61)
    monkeypatch.setattr(clock, "now", lambda: at)
    fetch()


def test_a_document_and_its_logo_are_counted_apart(hosts, fetch, fetcher, app):
    hosts.serve(URL, {})
    hosts.serve("https://notes.example/logo.png", b"x", content_type="image/png")
    with app.app_context():
        for _ in range(5):
            fetch()
            fetcher.fetch_logo(db.session, "https://notes.example/logo.png", person="usr_alice")
        with pytest.raises(TooManyAttempts):
            fetcher.fetch_logo(db.session, "https://notes.example/logo.png", person="usr_alice")


def test_what_is_refused_by_its_address_is_none_of_the_five(hosts, fetch, refusal):
    hosts.serve(URL, {})
    for _ in range(9):
        refusal("https://127.0.0.1/")
    fetch()


def test_nothing_is_fetched_for_nobody(hosts, fetch):
    with pytest.raises(RuntimeError, match="not signed in"):
        fetch(person="")
    assert hosts.lookups == []


# -- what is held --------------------------------------------------------------------------------


def test_no_connection_to_the_database_is_held_meanwhile(hosts, app, fetcher):
    """Those are few, and another host decides how long it takes."""
    held = []
    hosts.serve(URL, {}).addresses = lambda: held.append(_in_use(db_engine)) or [PUBLIC]
    with app.app_context():
        db_engine = db.engine
        db.session.execute(text("SELECT 1"))
        before = _in_use(db_engine)
        fetcher.fetch_object(db.session, URL, DOCUMENT, person="usr_alice")
    assert isinstance(db_engine.pool, QueuePool) and held == [before - 1]


def _in_use(engine) -> float:
    return count_connections(engine)["in_use",]


def test_what_would_be_lost_by_letting_go_is_not(hosts, app, fetcher, alice):
    with app.app_context():
        db.session.get(User, alice.id).name = "Another"
        with pytest.raises(RuntimeError, match="Something was changed"):
            fetcher.fetch_object(db.session, URL, DOCUMENT, person="usr_alice")
        db.session.rollback()
    assert hosts.lookups == []


def test_nothing_is_fetched_within_a_transaction_of_the_hot_path(hosts, app, fetcher):
    with (
        app.app_context(),
        connect(db.engine) as connection,
        connection.transaction(),
        pytest.raises(RuntimeError, match="A transaction is open"),
    ):
        fetcher.fetch_object(db.session, URL, DOCUMENT, person="usr_alice")
    assert hosts.lookups == []


# -- what is told --------------------------------------------------------------------------------


def test_the_log_tells_the_host_and_the_reason_and_nothing_else(hosts, refusal, caplog):
    hosts.serve("https://notes.example/secret-path?code=hidden", b"stolen words", status=200)
    caplog.set_level("INFO")
    refusal("https://notes.example/secret-path?code=hidden")
    refusal("https://notes.example/secret-path#hidden")
    hosts.serve("https://notes.example/secret-path?code=hidden", b"", status=302, location="https://hidden.example")
    refusal("https://notes.example/secret-path?code=hidden")
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("app.fetch")]
    assert lines == [
        "No document was fetched from notes.example: bad_json",
        "No document was fetched from an address: bad_address",
        "No document was fetched from notes.example: redirect (status 302)",
    ]


def test_metrics_tell_what_came_of_it(hosts, fetch, refusal):
    outcomes = ("fetched", "gone", "unknown_host", "other")

    def told() -> list[float]:
        text = metrics.render().decode()
        lines = (rf'reliquary_fetches_total{{kind="document",outcome="{outcome}"}} (\S+)' for outcome in outcomes)
        return [float(found[1]) if (found := re.search(line, text)) else 0.0 for line in lines]

    before = told()
    hosts.serve(URL, {})
    fetch()
    refusal("https://notes.example/nothing")
    refusal("https://nowhere.example/")
    assert [after - earlier for after, earlier in zip(told(), before, strict=True)] == [1, 1, 1, 0]


def test_every_outcome_is_known_beforehand():
    """What a row does not know is counted as other."""
    assert set(metrics.FETCHES._labels["outcome"]) == {"fetched", *(why.value for why in Why)}
    assert set(metrics.FETCHES._labels["kind"]) == {kind.name for kind in (DOCUMENT, LOGO, PROOF)}
