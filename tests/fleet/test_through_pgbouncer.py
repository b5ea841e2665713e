"""Everything that may happen once happens once, and nothing fails, with Debian's pgbouncer in transaction mode between.

The races are those of ``tests/robustness``, on a server whose processes never have a session of PostgreSQL for themselves.
"""

import time

import pytest

from tests.databases import missing_postgresql, new_database
from tests.fleet.callers import Ask, asking, figures, me_request, token_of, token_request, wait_until_served
from tests.fleet.callers import ask as ask_once
from tests.pooler import missing_pgbouncer, running_pooler
from tests.resources import _cluster
from tests.robustness.remote import RemoteApp
from tests.robustness.test_races import *  # noqa: F403
from tests.server import running_server

_MISSING = missing_postgresql() or missing_pgbouncer()
pytestmark = pytest.mark.skipif(_MISSING is not None, reason=str(_MISSING))


@pytest.fixture(scope="module")
def pooled_url(pytestconfig, tmp_path_factory):
    with (
        new_database("postgresql", pytestconfig.stash[_cluster], tmp_path_factory.mktemp("database")) as url,
        running_pooler(url) as pooler,
    ):
        yield pooler.url


@pytest.fixture
def each_database_url(pytestconfig, tmp_path):
    with new_database("postgresql", pytestconfig.stash[_cluster], tmp_path) as url, running_pooler(url) as pooler:
        yield pooler.url


@pytest.fixture(scope="module")
def server(pooled_url, tmp_path_factory, apps_in_use):
    with running_server(pooled_url, tmp_path_factory.mktemp("server"), WEB_CONCURRENCY="2") as server:
        apps_in_use.append(server.app)
        yield server
        apps_in_use.remove(server.app)


@pytest.fixture(scope="module")
def app(server):
    return RemoteApp(server)


def test_two_workers_behind_pgbouncer_serve_everybody(server, notebook, capsys):
    """Two clients' statements of one name met here, and one ran the other's."""
    token_ask = token_request(notebook.client_id, notebook.client_secret)
    me_ask = me_request(token_of(ask_once(server.url, token_ask)))
    introspect = Ask(
        "introspect", "POST", "/oauth/introspect", f"token={me_ask.headers['Authorization'][7:]}", token_ask.headers
    )
    ready = Ask("ready", "GET", "/readyz")
    with asking(server.url, *[token_ask, me_ask, introspect, ready] * 4, pause=0.001) as told:
        time.sleep(8.0)
    with capsys.disabled():
        print(f"\nthrough pgbouncer: {figures(told)}")
    assert {one.status for one in told} == {200}
    assert "pooler" in server.log


def test_a_restarted_pgbouncer_is_found_again(pytestconfig, tmp_path, capsys):
    with (
        new_database("postgresql", pytestconfig.stash[_cluster], tmp_path) as url,
        running_pooler(url) as pooler,
        running_server(pooler.url, tmp_path, WEB_CONCURRENCY="2") as server,
    ):
        ready = Ask("ready", "GET", "/readyz")
        with asking(server.url, *[ready] * 8) as told:
            time.sleep(1.0)
            pooler.stop()
            time.sleep(1.0)
            pooler.start()
            back = wait_until_served(server.url, ready)
            time.sleep(1.0)
    with capsys.disabled():
        print(f"\npgbouncer restarted: {figures(told)}; back {back:.2f} s after")
    assert {one.status for one in told} == {200, 503}
    assert back < 2.0
