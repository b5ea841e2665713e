"""A server that stops, or a worker whose place another takes, loses nothing that was sent to it."""

import os
import signal
import time
from collections import Counter
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from tests.ports import free_port
from tests.server import running_server
from tests.worker.wire import PROBE, dial, read_answer

_READY = b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def served(tmp_path):
    """A server of two workers with a management port, the address of that, and how to wait for its end."""
    port = free_port()
    database_url = f"sqlite:///{tmp_path}/stop.sqlite3"
    with running_server(database_url, tmp_path, MANAGEMENT_PORT=str(port), WEB_CONCURRENCY="2") as server:
        yield server, f"http://127.0.0.1:{port}"
        assert "Traceback" not in server.log and "ERROR" not in server.log


class Callers:
    """Callers that go on and on, half of them on connections that they keep; what became of each call is counted."""

    def __init__(self, url: str, count: int = 6) -> None:
        self.url = url
        self.outcomes: Counter[str] = Counter()
        self._done = Event()
        self._threads = [Thread(target=self._call, args=(number % 2 == 0,)) for number in range(count)]

    def __enter__(self) -> "Callers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _call(self, keeps: bool) -> None:
        connection = None
        while not self._done.wait(0.01):
            if connection is None:
                try:
                    connection = dial(self.url)
                except OSError:
                    # Nobody listens any more: a proxy sends it elsewhere.
                    self.outcomes["refused"] += 1
                    continue
            try:
                connection.sendall(PROBE)
                answer = read_answer(connection)
                self.outcomes[str(answer.status)] += 1
                ends = answer.headers["Connection"] == "close"
            except Exception as error:
                self.outcomes[f"cut off: {type(error).__name__}"] += 1
                ends = True
            if ends or not keeps:
                connection.close()
                connection = None


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_cuts_nobody_off(served, sent):
    server, _ = served
    with Callers(server.url) as callers:
        _wait_until(lambda: callers.outcomes["200"] > 50)
        os.kill(server.pid, sent)
        _wait_for_end(server.pid)
        _wait_until(lambda: callers.outcomes["refused"] > 0)
    assert set(callers.outcomes) == {"200", "refused"}, callers.outcomes


def test_who_stops_says_so_at_both_ports_and_closes_with_an_answer(served):
    server, management = served
    with dial(server.url) as kept, dial(server.url) as idle, _a_request_that_goes_on(server) as (body, half):
        kept.sendall(PROBE)
        assert read_answer(kept).headers["Connection"] == "keep-alive"
        idle.sendall(PROBE)
        read_answer(idle)
        os.kill(server.pid, signal.SIGTERM)
        _wait_until(lambda: _ask(management, _READY).status == 503)
        # What comes on an open connection is answered, and on a new one too.
        kept.sendall(_READY)
        answer = read_answer(kept)
        assert (answer.status, answer.headers["Connection"]) == (503, "close")
        assert kept.recv(1) == b""
        assert _ask(server.url, _READY).status == 503
        answer = _ask(server.url, PROBE)
        assert (answer.status, answer.headers["Connection"]) == (200, "close")
        assert _ask(management, PROBE).status == 200
        # An open connection that nothing comes on is closed.
        assert idle.recv(1) == b""
        # What had begun goes on.
        body.sendall(half)
        answer = read_answer(body)
        assert (answer.status, answer.headers["Connection"]) == (401, "close")
        assert body.recv(1) == b""
    _wait_for_end(server.pid)


def test_an_idle_server_stops_soon_and_so_does_one_that_was_told_twice(served):
    server, _ = served
    began = time.monotonic()
    os.kill(server.pid, signal.SIGTERM)
    os.kill(server.pid, signal.SIGTERM)
    _wait_for_end(server.pid)
    # It takes less than two seconds on a machine that does nothing else.
    assert time.monotonic() - began < 8


def test_somebody_who_waits_is_not_kept_waiting_by_a_request_that_does_not_come(served):
    """Ctrl-C."""
    server, _ = served
    with _a_request_that_goes_on(server):
        began = time.monotonic()
        os.kill(server.pid, signal.SIGINT)
        _wait_for_end(server.pid)
        assert time.monotonic() - began < 8


@pytest.mark.parametrize("sent", [signal.SIGHUP, signal.SIGTTOU])
def test_a_worker_whose_place_another_takes_cuts_nobody_off(served, sent):
    """And the server is ready all the while."""
    server, management = served
    before = _workers(server.pid)
    with Callers(server.url) as callers, Callers(management, 2) as probes:
        _wait_until(lambda: callers.outcomes["200"] > 50)
        os.kill(server.pid, sent)
        deadline = time.monotonic() + 30
        while len(before & _workers(server.pid)) > (1 if sent is signal.SIGTTOU else 0):
            assert time.monotonic() < deadline
            assert _ask(server.url, _READY).status == _ask(management, _READY).status == 200
    assert set(callers.outcomes) == set(probes.outcomes) == {"200"}, (callers.outcomes, probes.outcomes)


def _ask(url: str, request: bytes):
    with dial(url) as connection:
        connection.sendall(request)
        return read_answer(connection)


@contextmanager
def _a_request_that_goes_on(server):
    """A connection on which half a request has come, and the other half."""
    with dial(server.url) as connection:
        connection.sendall(b"POST /api/v1/memories/ HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
        # Another one's answer shows that it is there.
        _ask(server.url, PROBE)
        yield connection, b"67890"


def _workers(pid: int) -> set[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        return set(map(int, children.read().split()))


def _wait_until(is_so) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _wait_for_end(pid: int) -> None:
    """Until the process is gone, which nobody but us waits for."""
    deadline = time.monotonic() + 30
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        assert time.monotonic() < deadline
        time.sleep(0.02)
