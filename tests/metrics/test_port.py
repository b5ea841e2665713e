"""The metrics at the management port of a real server: the sum of all workers, whatever becomes of one of them."""

import os
import re
import signal
import time
import urllib.request
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.server import running_server


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A server of three workers, and its management port."""
    directory, port = tmp_path_factory.mktemp("metrics"), free_port()
    with running_server(f"sqlite:///{directory}/x.sqlite3", directory, MANAGEMENT_PORT=str(port)) as server:
        yield server, port


def scrape(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as response:
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        return response.read().decode()


def number(port: int, series: str) -> float:
    found = re.search(rf"^{re.escape(series)} (\S+)$", scrape(port), re.M)
    return float(found[1]) if found else 0.0


def wait_for(reached) -> None:
    deadline = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def workers_of(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def folder_of(pid: int) -> Path | None:
    """Where the server's workers count, which it holds open."""
    held = (os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir() if link.exists())
    return next((Path(path).parent for path in held if "/reliquary-metrics-" in path), None)


def test_the_workers_that_are_up_are_counted_also_after_one_was_killed(served):
    server, port = served
    wait_for(lambda: number(port, "reliquary_workers") == 3)
    before = workers_of(server.pid)
    os.kill(before[0], signal.SIGKILL)
    wait_for(lambda: len(set(workers_of(server.pid)) - set(before)) == 1)
    wait_for(lambda: number(port, "reliquary_workers") == 3)


def test_a_server_without_the_port_has_no_folder(server):
    assert folder_of(server.pid) is None


def test_two_servers_share_nothing_and_leave_nothing(served, tmp_path):
    one, port = served
    other_port, database_url = free_port(), f"sqlite:///{tmp_path}/x.sqlite3"
    with running_server(database_url, tmp_path, MANAGEMENT_PORT=str(other_port), WEB_CONCURRENCY="1") as other:
        folder = folder_of(other.pid)
        assert folder.exists() and folder.stat().st_mode & 0o777 == 0o700 and folder != folder_of(one.pid)
        wait_for(lambda: number(other_port, "reliquary_workers") == 1)
        assert number(port, "reliquary_workers") == 3
    assert not folder.exists()
