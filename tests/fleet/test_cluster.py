"""Two servers behind a proxy, over pgbouncer and PostgreSQL: what falls over takes nothing with it that was answered."""

import json
import threading
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from tests.databases import missing_postgresql, new_database
from tests.fleet.callers import HEALTH, Ask, ask, me_request, token_request, wait_until_served
from tests.fleet.instances import Instance, environ_of
from tests.pooler import missing_pgbouncer, running_pooler
from tests.ports import free_port
from tests.proxies import PROXIES, missing_proxy, running_proxy
from tests.resources import _cluster
from tests.robustness.remote import RemoteApp
from tests.server import running_server

_MISSING = missing_postgresql() or missing_pgbouncer()
pytestmark = pytest.mark.skipif(_MISSING is not None, reason=str(_MISSING))
_APPS = 4
#: How long an app goes on trying with one refresh token; the server gives the same successor again for 30 s.
_PATIENCE = 25.0


@pytest.fixture(scope="module")
def pooled(pytestconfig, tmp_path_factory):
    directory = tmp_path_factory.mktemp("cluster")
    with (
        new_database("postgresql", pytestconfig.stash[_cluster], directory) as url,
        running_pooler(url) as pooler,
    ):
        yield pooler


@pytest.fixture(scope="module")
def server(pooled, tmp_path_factory, apps_in_use):
    """What migrates the database and registers people; the servers that fall over stand beside it."""
    with running_server(pooled.url, tmp_path_factory.mktemp("server"), WEB_CONCURRENCY="1") as server:
        apps_in_use.append(server.app)
        yield server
        apps_in_use.remove(server.app)


@pytest.fixture(scope="module")
def app(server):
    return RemoteApp(server)


class Ledger:
    """What apps were answered that refresh again and again, kept outside."""

    def __init__(self, url: str, refreshing: Ask) -> None:
        self._url = url
        self._refreshing = refreshing
        #: Each refresh token, and what came for it: more than one kind would be two winners.
        self.successors: dict[str, set[str]] = {}
        self.answers: Counter[int] = Counter()
        self.ended: list[str] = []
        self.longest = 0.0
        self.last: list[dict] = []

    @contextmanager
    def keep(self, refresh_tokens: list[str]):
        over = threading.Event()
        threads = [threading.Thread(target=self._go_on, args=(token, over)) for token in refresh_tokens]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join(_PATIENCE * 2)

    def _go_on(self, token: str, over: threading.Event) -> None:
        answer: dict = {}
        while not over.wait(0.03):
            began = time.monotonic()
            # A proxy that gives up, or a database that is away, is no answer: the same again.
            while (told := ask(self._url, self._with(token))).status in (0, 502, 503, 504):
                self.answers[told.status] += 1
                if time.monotonic() - began > _PATIENCE:
                    break
                time.sleep(0.5)
            self.longest = max(self.longest, time.monotonic() - began)
            self.answers[told.status] += 1
            if told.status != 200:
                self.ended.append(told.body.decode(errors="replace"))
                return
            answer = json.loads(told.body)
            self.successors.setdefault(token, set()).add(answer["refresh_token"])
            token = answer["refresh_token"]
        self.last.append(answer)

    def _with(self, token: str) -> Ask:
        return replace(self._refreshing, body=f"grant_type=refresh_token&refresh_token={token}")


@pytest.mark.parametrize("proxy", PROXIES)
def test_what_falls_over_takes_nothing_with_it(proxy, pooled, server, browser, alice, notebook, tmp_path, capsys):
    if missing := missing_proxy(proxy):
        pytest.skip(missing)
    browser.enter(alice)
    tokens = [notebook.tokens(browser)["refresh_token"] for _ in range(_APPS)]
    environ = environ_of(pooled.url, server.url)
    with ExitStack() as ends:
        one, two = (Instance(free_port(), environ, tmp_path / f"{name}.log") for name in ("one", "two"))
        for instance in (one, two):
            instance.start()
            ends.callback(instance.stop)
        ports = [urlsplit(instance.url).port for instance in (one, two)]
        url = ends.enter_context(running_proxy(proxy, tmp_path, *ports))
        wait_until_served(url, HEALTH)
        ledger = Ledger(url, token_request(notebook.client_id, notebook.client_secret))
        with ledger.keep(tokens):
            time.sleep(2)
            one.kill()
            time.sleep(2)
            one.start()
            time.sleep(2)
            two.stop()
            two.start()
            time.sleep(2)
            pooled.stop()
            time.sleep(1)
            pooled.start()
            time.sleep(4)
        with capsys.disabled():
            print(f"\nbehind {proxy}: {dict(ledger.answers)}, the longest wait {ledger.longest:.2f} s")
        assert not ledger.ended
        assert max(len(kinds) for kinds in ledger.successors.values()) == 1
        # What was answered last holds.
        assert len(ledger.last) == _APPS
        assert {ask(url, me_request(answer["access_token"])).status for answer in ledger.last} == {200}
