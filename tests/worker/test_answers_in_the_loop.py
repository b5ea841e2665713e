"""The thread that runs a worker's loop answers programs by itself, and keeps nobody waiting where it has to wait."""

import json
import time
from pathlib import Path

import pytest

from tests.integrator import basic
from tests.robustness.locking import locked
from tests.robustness.remote import RemoteApp
from tests.server import running_server
from tests.worker.wire import PROBE, TIMEOUT_SECONDS, dial, probe, read_answer, read_answers, seconds_of

# What an answer may take beside one that waits; that one waits for longer.
_SOON = 1.0
_PAGE = b"GET /sign-in HTTP/1.1\r\nHost: x\r\n\r\n"
_METADATA = b"GET /.well-known/oauth-authorization-server HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory, apps_in_use):
    """A server with one worker, which writes down whom it answers."""
    folder = tmp_path_factory.mktemp("loop")
    settings = {"WEB_CONCURRENCY": "1", "LOG_FORMAT": "json"}
    with running_server(f"sqlite:///{folder}/loop.sqlite3", folder, **settings) as server:
        apps_in_use.append(server.app)
        yield server
        apps_in_use.remove(server.app)


@pytest.fixture(scope="module")
def app(server) -> RemoteApp:
    return RemoteApp(server)


def test_one_that_waits_for_the_database_keeps_nobody_waiting(app, server, notebook):
    with dial(server.url) as waiting, dial(server.url) as page:
        with locked(app):
            began = time.monotonic()
            waiting.sendall(token_request(notebook))
            # Both what the loop answers and what a thread of the pool does.
            assert max(seconds_of(lambda: probe(server.url)) for _ in range(5)) < _SOON
            page.sendall(_PAGE)
            assert read_answer(page).status == 200
            assert time.monotonic() - began < _SOON * 2
            waiting.setblocking(False)
            with pytest.raises(BlockingIOError):
                waiting.recv(1)
            waiting.settimeout(TIMEOUT_SECONDS)
        assert read_answer(waiting).status == 200
        # And afterwards all is as before, also on the connection that waited.
        waiting.sendall(PROBE)
        assert read_answer(waiting).status == 200


def test_those_that_wait_one_after_the_other_wait_together(app, server, notebook):
    """The first holds up the loop, and the others are the pool's meanwhile: none waits for the one before."""
    connections = [dial(server.url) for _ in range(3)]
    with locked(app):
        for connection in connections:
            connection.sendall(token_request(notebook))
            probe(server.url)
        time.sleep(0.3)
    began = time.monotonic()
    assert [read_answer(connection).status for connection in connections] == [200, 200, 200]
    assert time.monotonic() - began < _SOON
    for connection in connections:
        connection.close()


def test_requests_behind_one_another_are_answered_in_their_order(server):
    """However many there are on one connection, and whichever thread answers them."""
    with dial(server.url) as connection:
        connection.sendall((PROBE + _METADATA) * 100)
        answers = read_answers(connection, 200)
    assert [answer.status for answer in answers] == [200] * 200
    assert all(b'"issuer"' not in answer.content for answer in answers[::2])
    assert all(b'"issuer"' in answer.content for answer in answers[1::2])


def test_an_answer_of_the_loop_is_in_the_access_log(server, notebook):
    with dial(server.url) as connection:
        connection.sendall(token_request(notebook))
        told = read_answer(connection).headers["X-Request-Id"]
    (line,) = (json.loads(line) for line in server.log.splitlines() if told in line)
    assert line["status"] == 200 and line["duration_ms"] > 0 and line["address"] == "127.0.0.1"
    assert line["route"] == "/oauth/token"


def test_what_was_written_comes_into_the_file_while_nobody_asks(server, notebook):
    """A thread copies SQLite's log back: a process that answers does not leave that to its requests."""
    with dial(server.url) as connection:
        connection.sendall(token_request(notebook))
        assert read_answer(connection).status == 200
    file = Path(server.database_url.removeprefix("sqlite:///"))
    began = Path(f"/proc/{server.pid}").stat().st_mtime
    _wait_until(lambda: file.stat().st_mtime > began)


def test_a_worker_that_nobody_asks_is_not_woken(server):
    probe(server.url)
    (worker,) = children(server.pid)
    _wait_until(lambda: wakes_of(worker, seconds=0.5) < 20)


# -- what is asked, and what is seen from outside ------------------------------------------------


def token_request(client) -> bytes:
    form = b"grant_type=client_credentials"
    head = (
        "POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Authorization: {basic(client.client_id, client.client_secret)}\r\nContent-Length: {len(form)}\r\n\r\n"
    )
    return head.encode() + form


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wakes_of(pid: int, seconds: float) -> int:
    """How often the threads of a process went to sleep in this time."""

    def count() -> int:
        lines = "".join(status.read_text() for status in Path(f"/proc/{pid}/task").glob("*/status")).splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))

    before = count()
    time.sleep(seconds)
    return count() - before


def _wait_until(is_so) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)
