"""An attacker knocks a thousand times; meanwhile a person behind the same address signs in, and her app refreshes."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from app.limits.table import CLIENT_FAILURES
from tests.actors import Browser
from tests.databases import new_database
from tests.fleet.callers import Ask, ask, token_request
from tests.redis_servers import running_redis
from tests.resources import _BOTH_BACKENDS, _cluster
from tests.robustness.remote import RemoteApp
from tests.server import running_server
from tests.worker.wire import Crowd

_WRONG = "rlq_cs_" + "0" * 64
_KNOCKS = 1000
#: At once.
_HANDS = 8
#: So often the person signs in meanwhile, and her app refreshes.
_ROUNDS = 5
#: What a person or an app waits at most for one answer, on a machine that does other things beside.
_PATIENCE = 10.0


@pytest.fixture(scope="module", params=_BOTH_BACKENDS)
def running(request, pytestconfig, tmp_path_factory, apps_in_use):
    """A server of our own: its processes remember for a minute who knocked."""
    directory = tmp_path_factory.mktemp("robots")
    with (
        new_database(request.param, pytestconfig.stash[_cluster], directory) as url,
        running_server(url, directory, WEB_CONCURRENCY="2") as server,
    ):
        apps_in_use.append(server.app)
        yield server
        apps_in_use.remove(server.app)


@pytest.fixture
def app(running) -> RemoteApp:
    return RemoteApp(running)


@contextmanager
def knocking(url: str, what: Ask) -> Iterator[Counter]:
    """Ask again and again, so many at once, for the length of a ``with`` block and a thousand times; what was answered."""
    answers: Counter = Counter()
    over = threading.Event()

    def go() -> None:
        while not over.is_set() or sum(answers.values()) < _KNOCKS:
            told = ask(url, what)
            answers[told.status, told.retry_after is not None] += 1

    hands = [threading.Thread(target=go, daemon=True) for _ in range(_HANDS)]
    for hand in hands:
        hand.start()
    try:
        yield answers
    finally:
        over.set()
        for hand in hands:
            hand.join(300)


def timed(waits: list[float], act: Callable, *given):
    began = time.monotonic()
    answer = act(*given)
    waits.append(time.monotonic() - began)
    return answer


def test_a_thousand_wrong_secrets_and_two_hundred_slow_connections_keep_nobody_out(
    app, running, alice, notebook, capsys
):
    browser = Browser(app)
    browser.sign_in(alice.email, alice.password)
    refresh_token = notebook.tokens(browser)["refresh_token"]
    signing_in: list[float] = []
    refreshing: list[float] = []
    began = time.monotonic()
    slow = Crowd(running.url, 200)
    with slow, knocking(running.url, token_request(notebook.client_id, _WRONG)) as answers:
        for _ in range(_ROUNDS):
            stranger = Browser(app)
            assert timed(signing_in, stranger.sign_in, alice.email, alice.password).status_code == 303
            refreshed = timed(refreshing, notebook.refresh, refresh_token)
            assert refreshed.status_code == 200, refreshed.text
            refresh_token = refreshed.json["refresh_token"]
    took = time.monotonic() - began
    with capsys.disabled():
        print(
            f"\n{running.database_url.partition(':')[0]}: {sum(answers.values())} wrong secrets beside 200 slow connections in {took:.1f} s:"
            f" {dict(answers)};"
            f" {len(signing_in)} sign-ins, the longest {max(signing_in):.2f} s;"
            f" {len(refreshing)} refreshes, the longest {max(refreshing):.2f} s"
        )
    assert sum(answers.values()) >= _KNOCKS
    assert set(answers) == {(401, False), (429, True)}
    # Thirty a minute, however many processes count.
    assert answers[401, False] <= CLIENT_FAILURES.most * (1 + took // 60)
    assert max(*signing_in, *refreshing) < _PATIENCE


def test_a_hundred_wrong_passwords_keep_the_owner_in(app, running, alice, bob, capsys):
    """Guesses at her account from her own address; she has signed in here before, and he has not."""
    own = Browser(app)
    own.sign_in(alice.email, alice.password)
    own.sign_out()
    stop = threading.Event()
    guessed: Counter = Counter()

    def guess() -> None:
        robot = Browser(app)
        while not stop.is_set() and sum(guessed.values()) < 100:
            guessed[robot.sign_in(alice.email, "not the password").status_code] += 1

    hands = [threading.Thread(target=guess, daemon=True) for _ in range(4)]
    waits: list[float] = []
    for hand in hands:
        hand.start()
    while guessed[429] < 5 and any(hand.is_alive() for hand in hands):
        time.sleep(0.05)
    for person, browser in ((alice, own), (bob, Browser(app))):
        assert timed(waits, browser.sign_in, person.email, person.password).status_code == 303
    stop.set()
    for hand in hands:
        hand.join(60)
    with capsys.disabled():
        print(
            f"\n{running.database_url.partition(':')[0]}: guesses {dict(guessed)}; the longest sign-in {max(waits):.2f} s"
        )
    assert guessed[400] == 10
    assert max(waits) < _PATIENCE


def test_redis_that_freezes_under_load_is_a_fifth_of_a_second(pytestconfig, tmp_path_factory, capsys):
    directory = tmp_path_factory.mktemp("frozen")
    with (
        running_redis() as redis_server,
        new_database("sqlite", pytestconfig.stash[_cluster], directory) as url,
        running_server(url, directory, WEB_CONCURRENCY="2", REDIS_URL=redis_server.url) as server,
    ):
        waits: dict[str, list[float]] = {}
        for state, change in (("there", None), ("frozen", redis_server.freeze), ("back", redis_server.thaw)):
            if change is not None:
                change()
            # Each time another client: whoever is over the limit is known without asking Redis.
            told = [ask(server.url, token_request(f"{state}_{number // 5}", _WRONG)) for number in range(100)]
            assert {one.status for one in told} <= {401, 429}
            waits[state] = sorted(one.seconds for one in told)
            time.sleep(2.5)
        log = server.log
    with capsys.disabled():
        shown = {state: f"median {took[50]:.3f} s, longest {took[-1]:.3f} s" for state, took in waits.items()}
        print(f"\nRedis {shown}")
    assert "REDIS" not in log and log.count("does not count (") == log.count("is back: limits") <= 2
    # One request of each worker pays.
    assert waits["frozen"][-3] < 0.2
