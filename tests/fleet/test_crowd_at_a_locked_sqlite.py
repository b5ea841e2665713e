"""Forty-eight callers want to write while another process keeps SQLite locked: who needs no lock is answered."""

import time

import pytest

from tests.databases import new_database
from tests.fleet.callers import (
    HEALTH,
    all_at_once,
    asking,
    figures,
    me_request,
    token_of,
    token_request,
    wait_until_served,
)
from tests.fleet.callers import ask as ask_once
from tests.robustness.locking import locked
from tests.robustness.remote import RemoteApp
from tests.server import running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory, apps_in_use):
    folder = tmp_path_factory.mktemp("server")
    with new_database("sqlite", None, folder) as url, running_server(url, folder, WEB_CONCURRENCY="2") as server:
        apps_in_use.append(server.app)
        yield server
        apps_in_use.remove(server.app)


@pytest.fixture(scope="module")
def app(server):
    return RemoteApp(server)


def test_a_crowd_of_writers_leaves_a_thread_for_the_others(app, server, notebook, capsys):
    token_ask = token_request(notebook.client_id, notebook.client_secret)
    me_ask = me_request(token_of(ask_once(server.url, token_ask)))
    with locked(app), asking(server.url, HEALTH, me_ask) as others:
        time.sleep(0.2)
        told = all_at_once(server.url, [token_ask] * 48)
    with capsys.disabled():
        print(f"\nSQLite locked: {figures([*told, *others])}")
    assert {one.status for one in told} == {503}
    assert max(one.seconds for one in told) < 4.0
    assert {one.status for one in others} == {200}
    assert max(one.seconds for one in others) < 1.5
    assert wait_until_served(server.url, token_ask) < 2.0
