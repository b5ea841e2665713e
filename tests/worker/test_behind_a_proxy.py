"""The proxies of ``deploy/`` in front of the real server."""

from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Semaphore, Thread
from urllib.parse import quote, urlsplit

import pytest

from tests.proxies import PROXIES, missing_proxy, running_proxy
from tests.server import running_server
from tests.worker.wire import DAWDLERS, Crowd, dial, probe, read_answer, seconds_of


@pytest.fixture(params=PROXIES)
def proxied(request, server, tmp_path):
    """The address of a proxy in front of the server, which stands there for both."""
    if missing := missing_proxy(request.param):
        pytest.skip(missing)
    port = urlsplit(server.url).port
    with running_proxy(request.param, tmp_path, port, port) as url:
        yield url


def test_what_the_api_takes_comes_through(proxied):
    """An address of 64 kB, and a body that the server itself has to refuse."""
    question = quote("記" * 4000)
    for request in (
        b"GET /api/v1/documents/search/?q=%b HTTP/1.1\r\nHost: x\r\n\r\n" % question.encode(),
        b"POST /api/v1/memories/bulk/ HTTP/1.1\r\nHost: x\r\nContent-Length: 16000000\r\n\r\n" + b"x" * 16_000_000,
    ):
        with dial(proxied) as connection:
            connection.sendall(request)
            answer = read_answer(connection)
        assert (answer.status, answer.headers["Content-Type"]) == (401, "application/json")


@pytest.fixture(scope="module")
def trusting(tmp_path_factory):
    """A server that counts on one proxy in front of it."""
    directory = tmp_path_factory.mktemp("trusting")
    settings = {"WEB_CONCURRENCY": "1", "TRUSTED_PROXIES": "1"}
    with running_server(f"sqlite:///{directory}/trusting.sqlite3", directory, **settings) as server:
        yield server


@pytest.mark.parametrize("proxy", PROXIES)
def test_nobody_chooses_the_id_that_a_request_has_in_the_log(trusting, tmp_path, proxy):
    """The proxy does, and what somebody sends under that name goes no further."""
    if missing := missing_proxy(proxy):
        pytest.skip(missing)
    port = urlsplit(trusting.url).port
    with running_proxy(proxy, tmp_path, port, port) as url, dial(url) as connection:
        connection.sendall(b"GET /nothing HTTP/1.1\r\nHost: x\r\nX-Request-ID: chosen-by-a-stranger\r\n\r\n")
        told = read_answer(connection).headers["X-Request-ID"]
        assert told != "chosen-by-a-stranger"
        # It is the proxy's own, by which its log and ours are read together.
        assert not told.startswith("req_")


class _Unready(BaseHTTPRequestHandler):
    """A server whose database is away."""

    asked = Semaphore(0)

    def do_GET(self):
        self.send_response(503)
        self.send_header("Retry-After", "5")
        self.send_header("Content-Length", "0")
        self.end_headers()
        if self.path == "/readyz":
            self.asked.release()

    def log_message(self, *told):
        pass


def test_servers_that_are_not_ready_answer_for_themselves(tmp_path):
    """What HAProxy would say in their place is HTML for everybody, without ``Retry-After``."""
    if missing := missing_proxy("haproxy"):
        pytest.skip(missing)
    with HTTPServer(("127.0.0.1", 0), _Unready) as unready:
        Thread(target=unready.serve_forever, daemon=True).start()
        port = unready.server_port
        with running_proxy("haproxy", tmp_path, port, port) as url:
            # Once it asks both again it knows what both said first.
            for _ in range(4):
                assert _Unready.asked.acquire(timeout=20)
            with dial(url) as connection:
                connection.sendall(b"GET /account/ HTTP/1.1\r\nHost: x\r\n\r\n")
                answer = read_answer(connection)
        unready.shutdown()
    assert (answer.status, answer.headers.get("Retry-After")) == (503, "5")


def test_a_crowd_at_the_proxy_keeps_nobody_waiting(proxied):
    with Crowd(proxied, 120, DAWDLERS):
        assert max(seconds_of(lambda: probe(proxied)) for _ in range(5)) < 3
