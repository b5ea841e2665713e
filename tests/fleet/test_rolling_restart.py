"""Two servers behind a proxy are replaced one after the other, and whoever calls meanwhile notices nothing."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.fleet.callers import HEALTH, asking, figures, token_request, wait_until_served
from tests.fleet.instances import Instance, environ_of
from tests.ports import free_port
from tests.proxies import PROXIES, missing_proxy, running_proxy
from tests.robustness.remote import RemoteApp
from tests.server import running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory, apps_in_use):
    """What migrates the database and registers people; the servers that are replaced stand beside it."""
    directory = tmp_path_factory.mktemp("rolling")
    with running_server(f"sqlite:///{directory}/rolling.sqlite3", directory, WEB_CONCURRENCY="1") as server:
        apps_in_use.append(server.app)
        yield server
        apps_in_use.remove(server.app)


@pytest.fixture(scope="module")
def app(server):
    return RemoteApp(server)


@contextmanager
def _two(server, directory: Path) -> Iterator[tuple[Instance, Instance]]:
    environ = environ_of(server.database_url, server.url)
    with ExitStack() as ends:
        both = (
            Instance(free_port(), environ, directory / "one.log"),
            Instance(free_port(), environ, directory / "two.log"),
        )
        for one in both:
            one.start()
            ends.callback(one.stop)
        yield both


@pytest.mark.parametrize("proxy", PROXIES)
def test_a_rolling_restart_is_noticed_by_nobody(proxy, server, notebook, tmp_path, capsys):
    if missing := missing_proxy(proxy):
        pytest.skip(missing)
    token = token_request(notebook.client_id, notebook.client_secret)
    with (
        _two(server, tmp_path) as both,
        running_proxy(proxy, tmp_path, *(urlsplit(one.url).port for one in both)) as url,
    ):
        wait_until_served(url, HEALTH)
        with asking(url, *[token] * 3, *[HEALTH] * 3, pause=0.02) as told:
            stops = []
            for one in both * 2:
                time.sleep(1.5)
                stops.append(one.stop())
                one.start()
                # A proxy needs a moment to see that it is back.
                time.sleep(2.5)
        log = (tmp_path / "one.log").read_text() + (tmp_path / "two.log").read_text()
    with capsys.disabled():
        print(
            f"\nrolling restart behind {proxy}: {figures(told)}; stops {', '.join(f'{stop:.1f} s' for stop in stops)}"
        )
    assert {one.status for one in told} == {200}, [one for one in told if one.status != 200][:5]
    assert "Traceback" not in log
