"""Apps whose document lies on a hostile host: thirty requests at once, of nobody and then of people who are signed in.

The server's health is asked meanwhile, and what left the server is told by the hosts themselves.
"""

import os
import threading
import time
from collections import Counter
from urllib.parse import quote, urlencode

import pytest
from sqlalchemy import func, select

from app.clients.models import Client
from app.extensions import db
from tests.actors import Browser
from tests.databases import new_database
from tests.document_hosts import DocumentHosts
from tests.fleet.callers import Ask, Told, all_at_once, ask, asking
from tests.resources import _BOTH_BACKENDS, _cluster
from tests.robustness.remote import RemoteApp
from tests.server import running_server

_WORKERS = 2
_AT_ONCE = 30
_HEALTH = Ask("healthz", "GET", "/healthz")
#: What the health of a server takes at most.
_SOON = 0.2
#: Less than what it takes where it waits for a fetch.
_A_FETCH = 2.0
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


class Under(DocumentHosts):
    """Hosts that also count how many connections are open to them at one time."""

    def __init__(self) -> None:
        super().__init__()
        self._open, self.most_open = 0, 0
        self._counting = threading.Lock()

    def _answer(self, raw, port):
        with self._counting:
            self._open += 1
            self.most_open = max(self.most_open, self._open)
        try:
            super()._answer(raw, port)
        finally:
            with self._counting:
                self._open -= 1


def _until_it_hangs_up(connection) -> None:
    connection.settimeout(20)
    while connection.recv(4096):
        pass


def _is_silent(connection, _is_over):
    _until_it_hangs_up(connection)


def _drips(connection, is_over):
    connection.sendall(_OK + b"Content-Length: 4000\r\n\r\n")
    while not is_over.wait(0.1):
        connection.sendall(b" ")


def _never_ends(connection, is_over):
    connection.sendall(_OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while not is_over.is_set():
        connection.sendall(b"400\r\n" + b" " * 1024 + b"\r\n")


#: What each host does: the document's address, and how it is said.
def _build(hosts: DocumentHosts) -> dict[str, str]:
    """name -> client id."""
    ids = {
        name: f"https://{name}.example/app.json"
        for name in (
            *("silent", "silent-at-once", "drips", "endless", "packed", "elsewhere", "inside", "link-local", "both"),
            *("rebinding", "nowhere", "broken", "gone"),
        )
    }
    hosts.serve(ids["silent"], _is_silent)
    hosts.host("silent-at-once.example").instead_of_tls = _is_silent
    hosts.serve(ids["drips"], _drips)
    hosts.serve(ids["endless"], _never_ends)
    hosts.serve(ids["packed"], bytes.fromhex("1f8b0800") + bytes(200), content_encoding="gzip")
    hosts.serve(ids["elsewhere"], b"", status=302, location="https://inside.example/app.json")
    hosts.host("inside.example", "10.0.0.1")
    hosts.host("link-local.example", "169.254.169.254", "fe80::1%eth0")
    hosts.host("both.example", "45.45.45.99", "127.0.0.1")
    turns = iter(["45.45.45.98"])
    hosts.serve(ids["rebinding"], {"client_id": "another"}).addresses = lambda: [next(turns, "127.0.0.1")]
    hosts.serve(ids["broken"], b"{", status=500)
    hosts.serve(ids["gone"], b"{}", status=404)
    return ids


@pytest.fixture(scope="module")
def hosts():
    hosts = Under()
    yield hosts
    hosts.close()


@pytest.fixture(scope="module", params=_BOTH_BACKENDS)
def running(request, pytestconfig, tmp_path_factory, apps_in_use, hosts):
    directory = tmp_path_factory.mktemp("documents")
    with (
        new_database(request.param, pytestconfig.stash[_cluster], directory) as url,
        running_server(url, directory, hosts=hosts, WEB_CONCURRENCY=str(_WORKERS)) as server,
    ):
        apps_in_use.append(server.app)
        yield server
        apps_in_use.remove(server.app)


@pytest.fixture
def app(running) -> RemoteApp:
    return RemoteApp(running)


@pytest.fixture
def ids(hosts):
    hosts.forget()
    yield _build(hosts)
    hosts.forget()


def _authorize(client_id: str, cookie: str = "") -> Ask:
    query = urlencode(
        {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": "http://127.0.0.1:33418/",
            "state": "x",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "code_challenge_method": "S256",
        },
        quote_via=quote,
    )
    headers = {"Cookie": cookie} if cookie else {}
    return Ask(client_id, "GET", f"/oauth/authorize?{query}", headers=headers)


def _cookie_of(app: RemoteApp, person) -> str:
    browser = Browser(app)
    assert browser.sign_in(person.email, person.password).status_code == 303
    name = app.server.app.config["SESSION_COOKIE_NAME"]
    return f"{name}={browser.client.get_cookie(name, domain='127.0.0.1').value}"


def _ask_all(running, asks: list[Ask], title: str, capsys) -> list[Told]:
    """The answers to all of these at once; meanwhile the server's health is told soon.

    Soon is 200 ms, or what it is while the same people ask for a page of ours; on a machine that is busy with other
    things all that can be seen is that nobody waits for a fetch.
    """
    is_quiet = os.getloadavg()[0] < (os.cpu_count() or 1)
    _told, usual = _beside_health(running, [_page_for(one) for one in asks])
    told, health = _beside_health(running, asks)
    slowest, bound = (max(one.seconds for one in each) for each in (health, usual))
    bound = min(max(_SOON, 3 * bound), _A_FETCH) if is_quiet else _A_FETCH
    with capsys.disabled():
        print(
            f"\n{title}: {len(asks)} at once, {dict(Counter(one.status for one in told))}, the slowest"
            f" {max(one.seconds for one in told):.2f} s; /healthz {len(health)} times, the slowest"
            f" {slowest * 1000:.0f} ms (at most {bound * 1000:.0f})"
        )
    assert len(health) > 10 and {one.status for one in health} == {200}
    assert slowest <= bound
    return told


def _page_for(one: Ask) -> Ask:
    return Ask("page", "GET", "/account/" if one.headers else "/sign-in", headers=one.headers)


def _beside_health(running, asks: list[Ask]) -> tuple[list[Told], list[Told]]:
    with asking(running.url, _HEALTH, pause=0.01) as health:
        told = all_at_once(running.url, asks)
        # So that there is something to compare where all was over soon.
        time.sleep(0.3)
    return told, health


def _known_documents(app: RemoteApp) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(Client).where(Client.origin == "document"))


def test_nothing_leaves_the_server_before_somebody_has_signed_in(app, running, hosts, ids, capsys):
    for client_id in (ids["silent"], ids["endless"], ids["inside"]):
        told = _ask_all(running, [_authorize(client_id)] * _AT_ONCE, "nobody", capsys)
        assert {one.status for one in told} <= {200, 302, 303, 429}
    told = _ask_all(running, [_authorize(client_id) for client_id in ids.values()], "nobody", capsys)
    assert {one.status for one in told} <= {200, 302, 303, 429}
    assert hosts.lookups == hosts.connections == [] and _known_documents(app) == 0


def test_a_signed_in_persons_hostile_host_keeps_nobody_waiting(app, running, hosts, ids, alice, capsys):
    """Two at once in each worker; whoever comes meanwhile is told at once to come again."""
    told = _ask_all(running, [_authorize(ids["silent"], _cookie_of(app, alice))] * _AT_ONCE, "one person", capsys)
    statuses = Counter(one.status for one in told)
    assert 0 not in statuses and 500 not in statuses and 303 not in statuses
    assert 0 < len(hosts.connections) <= min(5, 2 * _WORKERS) and hosts.most_open <= 2 * _WORKERS
    assert statuses[503] and all(one.retry_after for one in told if one.status == 503)
    assert _known_documents(app) == 0


def test_many_peoples_hostile_hosts_keep_nobody_waiting(app, running, hosts, ids, alice, bob, carol, capsys):
    """Each of them sends thirty requests at once, to a dozen hosts of all kinds."""
    cookies = [_cookie_of(app, person) for person in (alice, bob, carol)]
    wanted = ([*ids.values()] * 3)[:_AT_ONCE]
    asks = [_authorize(client_id, cookie) for cookie in cookies for client_id in wanted]
    statuses = Counter(one.status for one in _ask_all(running, asks, "three people", capsys))
    assert 0 not in statuses and 500 not in statuses and 303 not in statuses
    assert hosts.most_open <= 2 * _WORKERS
    # Five each in a minute.
    assert 0 < len(hosts.lookups) <= 5 * len(cookies)
    inside = {"10.0.0.1", "169.254.169.254", "fe80::1%eth0", "127.0.0.1", "45.45.45.99"}
    assert not inside.intersection(hosts.connections)
    assert _known_documents(app) == 0
    # Nothing is stuck.
    assert ask(running.url, _HEALTH).status == 200
