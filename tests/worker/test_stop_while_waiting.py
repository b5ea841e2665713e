"""A server is told to stop while the thread that runs its worker's loop waits for a database that is locked."""

import os
import signal
import time

import pytest

from tests.robustness.locking import locked
from tests.robustness.remote import RemoteApp
from tests.server import running_server
from tests.worker.test_answers_in_the_loop import token_request
from tests.worker.wire import dial, probe, read_answer

# What anything here may take; without the rule, the stop begins when the answer is there.
_SOON = 1.0


@pytest.fixture
def server(tmp_path, apps_in_use):
    with running_server(f"sqlite:///{tmp_path}/stop.sqlite3", tmp_path, WEB_CONCURRENCY="1") as server:
        apps_in_use.append(server.app)
        yield server
        apps_in_use.remove(server.app)
        assert "Traceback" not in server.log and "ERROR" not in server.log


@pytest.fixture
def app(server) -> RemoteApp:
    return RemoteApp(server)


def test_it_says_so_at_once_and_answers_what_it_has_begun(app, server, notebook):
    with dial(server.url) as waiting:
        with locked(app):
            waiting.sendall(token_request(notebook))
            probe(server.url)
            os.kill(server.pid, signal.SIGTERM)
            began = time.monotonic()
            while readiness(server.url) == 200:
                assert time.monotonic() - began < _SOON
                time.sleep(0.02)
            assert time.monotonic() - began < _SOON
        answer = read_answer(waiting)
        assert (answer.status, answer.headers["Connection"]) == (200, "close")
    deadline = time.monotonic() + 20
    while os.path.exists(f"/proc/{server.pid}/task") and _is_running(server.pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def readiness(url: str) -> int:
    with dial(url) as connection:
        connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
        return read_answer(connection).status


def _is_running(pid: int) -> bool:
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] != "Z"
