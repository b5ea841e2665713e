"""Connections that take their time cost the others none, and are told so in the end."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integrator import basic
from tests.robustness.remote import RemoteApp
from tests.server import running_server
from tests.worker.wire import DAWDLERS, PROBE, Crowd, dial, probe, read_answer, read_answers, seconds_of

#: What an answer may take beside a crowd; without the rule it takes fifteen seconds and more.
_SOON = 3.0


@pytest.fixture(scope="session")
def app(server) -> RemoteApp:
    return RemoteApp(server)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A server with one worker, of four threads."""
    directory = tmp_path_factory.mktemp("small")
    with running_server(f"sqlite:///{directory}/small.sqlite3", directory, WEB_CONCURRENCY="1") as server:
        yield server


def test_a_crowd_that_dawdles_keeps_nobody_waiting(server, browser, alice, notebook):
    """Two hundred connections of every slow kind, from the address of a person who signs in and an app that calls."""
    with Crowd(server.url, 200):
        assert max(seconds_of(lambda: probe(server.url)) for _ in range(10)) < _SOON
        assert seconds_of(lambda: browser.enter(alice)) < 10
        tokens = {}
        assert seconds_of(lambda: tokens.update(notebook.tokens(browser))) < 10
        assert seconds_of(lambda: tokens.update(notebook.refresh(tokens["refresh_token"]).json)) < _SOON
        assert tokens["access_token"]


@pytest.mark.parametrize("kinds", [{"says nothing": b""}, {"drips a body": DAWDLERS["drips a body"]}], ids=list)
def test_more_connections_than_there_is_room_for_make_way(small, kinds):
    """One that says least goes, so that whoever comes next is taken."""
    with Crowd(small.url, 1100, kinds):
        assert max(seconds_of(lambda: probe(small.url)) for _ in range(5)) < _SOON


def test_a_request_that_does_not_come_is_told_so(server):
    """In time, in the shape of its door; whoever said nothing at all is told nothing. All of them at once."""
    api = b"POST /api/v1/memories/ HTTP/1.1\r\nHost: x\r\n"
    kinds = DAWDLERS | {
        "drips an address of the API": b"GET /api/v1/memories/?q=a",
        "is nobody at the API": api + b"Content-Length: 100\r\n\r\n",
        "is nobody and sends no body": api + b"Content-Length: 100\r\n\r\n",
    }
    with ThreadPoolExecutor(len(kinds)) as pool:
        asked = {kind: pool.submit(_wait_for_answer, server, begun, kind) for kind, begun in kinds.items()}
        answers = {kind: one.result() for kind, one in asked.items()}
    assert all(9 <= seconds < 20 for seconds, _ in answers.values()), answers
    statuses = {kind: answer and answer.status for kind, (_, answer) in answers.items()}
    # Who is nobody need not send a body to be told so.
    assert statuses == dict.fromkeys(kinds, 408) | {
        "says nothing": None,
        "is nobody at the API": 401,
        "is nobody and sends no body": 401,
    }
    assert b"<h1>That took too long to reach us</h1>" in answers["drips a request line"][1].content
    assert json.loads(answers["drips a body"][1].content)["error"] == "invalid_request"
    assert json.loads(answers["drips an address of the API"][1].content)["code"] == "request_timeout"
    assert "Traceback" not in server.log
    assert all(answer.headers["Connection"] == "close" for _, answer in answers.values() if answer)


def test_a_slow_but_honest_body_gets_through(server, notebook):
    form = b"grant_type=client_credentials"
    with dial(server.url) as connection:
        connection.sendall(_token_request(notebook, form)[: -len(form)])
        for byte in form:
            time.sleep(0.02)
            connection.sendall(bytes([byte]))
        assert read_answer(connection).status == 200


def test_a_body_that_does_not_fit_into_memory_is_whole(server, notebook):
    """Half of it lies on disk until it is read; what follows it is the next request."""
    with dial(server.url) as connection:
        body = b"x=" + b"y" * 3_000_000
        connection.sendall(_token_request(notebook, body) + PROBE)
        assert [answer.status for answer in read_answers(connection, 2)] == [413, 200]
        form = b"grant_type=client_credentials"
    with dial(server.url) as connection:
        connection.sendall(_token_request(notebook, form) * 2 + PROBE)
        assert [answer.status for answer in read_answers(connection, 3)] == [200, 200, 200]


def test_who_waits_for_leave_gets_it_once(server, notebook):
    """:rfc:`9110#section-10.1.1`"""
    form = b"grant_type=client_credentials"
    request = _token_request(notebook, form, b"Expect: 100-continue")
    with dial(server.url) as connection:
        connection.sendall(request[: -len(form)])
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(form)
        assert read_answer(connection).status == 200


def test_who_hangs_up_one_way_is_still_answered(server):
    with dial(server.url) as connection:
        connection.sendall(PROBE)
        connection.shutdown(socket.SHUT_WR)
        assert read_answer(connection).status == 200
        assert connection.recv(1) == b""


def test_who_does_not_read_the_answers_keeps_no_thread(small):
    """Twenty that ask for megabytes each and read nothing."""
    asking = []
    request = b"GET /api/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
    try:
        for _ in range(20):
            connection = dial(small.url, SO_RCVBUF=4096)
            connection.sendall(request * 60)
            asking.append(connection)
        assert max(seconds_of(lambda: probe(small.url)) for _ in range(5)) < _SOON
        # And who begins to read gets everything.
        answers = read_answers(asking[-1], 60)
        assert {answer.status for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        assert sum(len(answer.content) for answer in answers) > 4_000_000
    finally:
        for connection in asking:
            connection.close()


def test_a_last_answer_is_not_lost_with_what_was_not_read(server):
    """:rfc:`9112#section-9.6`: closing while bytes come in would reset the connection, and the answer with it."""
    for _ in range(20):
        with dial(server.url) as connection:
            connection.sendall(b"what is this\r\n\r\n" + b"x" * 500_000)
            assert read_answer(connection).status == 400


def _token_request(notebook, form: bytes, *headers: bytes) -> bytes:
    lines = [
        b"POST /oauth/token HTTP/1.1",
        b"Host: x",
        b"Authorization: " + basic(notebook.client_id, notebook.client_secret).encode(),
        b"Content-Type: application/x-www-form-urlencoded",
        b"Content-Length: %d" % len(form),
        *headers,
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + form


def _wait_for_answer(server, begun: bytes, kind: str):
    """How long it took until something was said, and what; None for nothing."""
    drips = bool(begun) and "sends no body" not in kind
    began = time.monotonic()
    with dial(server.url) as connection:
        connection.sendall(begun)
        if b"Expect" in begun:
            assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.settimeout(0.5)
        while True:
            try:
                if not connection.recv(1, socket.MSG_PEEK):
                    return time.monotonic() - began, None
                connection.settimeout(10)
                return time.monotonic() - began, read_answer(connection)
            except TimeoutError:
                if drips:
                    connection.sendall(b"a")
