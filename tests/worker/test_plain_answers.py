"""What the worker writes in one piece is, to the byte, what gunicorn writes; and what is unusual, gunicorn writes."""

import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.http import wsgi
from gunicorn.http.errors import InvalidResponseHeader, InvalidResponseHeaderName

from app.worker import Worker, answer
from app.worker.answer import PlainResponse
from app.worker.connection import Connection, Crowd
from app.worker.plain import PlainRequest
from app.worker.room import Room

CONFIG = Config()
JSON = ("Content-Type", "application/json")
ANSWERS = {
    "an answer": ("200 OK", [JSON, ("Content-Length", "2"), ("Cache-Control", "no-store")], b"{}"),
    "a refusal": ("401 UNAUTHORIZED", [JSON, ("WWW-Authenticate", 'Basic realm="x"'), ("Content-Length", "2")], b"{}"),
    "a redirect": ("302 FOUND", [("Location", "https://a.example/?code=a&state=b"), ("Content-Length", "0")], b""),
    "a letter of Latin-1": ("200 OK", [("X-Name", "Ren\xe9"), ("Content-Length", "2")], b"{}"),
    "no length": ("200 OK", [JSON], b"{}"),
    "nothing at all": ("200 OK", [], b""),
    "a length in small letters": ("200 OK", [("content-length", "2")], b"{}"),
    "too long a body": ("200 OK", [("Content-Length", "1")], b"{}"),
    "too short a body": ("200 OK", [("Content-Length", "3")], b"{}"),
    "no content": ("204 NO CONTENT", [JSON], b""),
    "no content with a length": ("204 NO CONTENT", [("Content-Length", "0")], b""),
    "not modified": ("304 NOT MODIFIED", [("ETag", '"x"')], b""),
    "the connection's own header": ("200 OK", [("Connection", "close"), ("Content-Length", "2")], b"{}"),
    "a server of its own": ("200 OK", [("Server", "x"), ("Content-Length", "2")], b"{}"),
    "spaces around a value": ("200 OK", [("X", " y "), ("Content-Length", "2")], b"{}"),
    "an empty value": ("200 OK", [("X", ""), ("Content-Length", "2")], b"{}"),
}
BROKEN = {
    "a line end in a value": ("X", "y\r\nSet-Cookie: z", InvalidResponseHeader),
    "a line feed in a value": ("X", "y\nz", InvalidResponseHeader),
    "a carriage return in a value": ("X", "y\rz", InvalidResponseHeader),
    "a zero byte": ("X", "y\0z", InvalidResponseHeader),
    "a letter beyond Latin-1": ("X", "\u0141", InvalidResponseHeader),
    "a line end in a name": ("X: y\r\nZ", "a", InvalidResponseHeaderName),
    "a space in a name": ("X Y", "a", InvalidResponseHeaderName),
}


class Wire:
    """Stands for a socket."""

    def __init__(self) -> None:
        self.sent = b""
        self.is_broken = False

    def sendall(self, data: bytes) -> None:
        self.sent += data

    def close(self) -> None:
        self.is_broken = True


@pytest.fixture(autouse=True)
def one_moment(monkeypatch):
    monkeypatch.setattr("gunicorn.util.http_date", lambda *_: "Fri, 27 Nov 2026 07:00:00 GMT")
    answer._begin_head.cache_clear()
    yield
    answer._begin_head.cache_clear()


@pytest.mark.parametrize("must_close", [False, True])
def test_what_is_written_is_what_gunicorn_writes(subtests, must_close):
    for what, (status, headers, body) in ANSWERS.items():
        with subtests.test(what):
            ours, theirs = Wire(), Wire()
            response = PlainResponse(a_request(must_close), ours, CONFIG)
            response.start_response(status, list(headers))
            response.answer(body)
            gunicorns = wsgi.Response(a_request(must_close), theirs, CONFIG)
            gunicorns.start_response(status, list(headers))
            gunicorns.write(body)
            gunicorns.close()
            assert ours.sent == theirs.sent
            for told in ("status", "status_code", "sent", "headers_sent"):
                assert getattr(response, told) == getattr(gunicorns, told), told
            assert response.should_close() == gunicorns.should_close()


def test_a_header_that_would_be_another_is_not_written(subtests):
    for what, (name, value, error) in BROKEN.items():
        with subtests.test(what):
            wire = Wire()
            response = PlainResponse(a_request(False), wire, CONFIG)
            response.start_response("200 OK", [(name, value), ("Content-Length", "2")])
            with pytest.raises(error):
                response.answer(b"{}")
            assert wire.sent == b""


def test_a_worker_that_has_answered_enough_makes_way():
    """The last answer says that the connection ends."""
    worker = a_worker(max_requests=2)
    assert [(worker.handle(connection, a_request(False)), connection.sock.sent) for connection in a_pair()] == [
        (True, said("keep-alive")),
        (False, said("close")),
    ]
    assert not worker.alive


def test_a_worker_that_is_told_to_stop_meanwhile_says_that_the_connection_ends():
    worker = a_worker(max_requests=10)

    def stops(environ, start_response):
        worker.alive = False
        return bare(environ, start_response)

    connection = next(a_pair(stops))
    assert worker.handle(connection, a_request(False)) is False
    assert connection.sock.sent == said("close")


def test_what_fails_when_all_is_said_ends_the_connection_and_says_no_more(caplog):
    class Failing(list):
        def close(self):
            raise ValueError

    connection = next(a_pair(lambda environ, start: Failing(bare(environ, start))))
    assert a_worker(max_requests=10).handle(connection, a_request(False)) is False
    assert connection.sock.sent == said("keep-alive")
    assert connection.sock.is_broken


def said(option: str) -> bytes:
    date = "Fri, 27 Nov 2026 07:00:00 GMT"
    return f"HTTP/1.1 200 OK\r\nServer: gunicorn\r\nDate: {date}\r\nConnection: {option}\r\nContent-Length: 2\r\n\r\n{{}}".encode()


def bare(_environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"{}"]


def a_pair(wsgi=bare):
    """Two connections on which something has come."""
    for _ in range(2):
        connection = Connection(None, ("192.0.2.7", 50123), ("127.0.0.1", 8000), Crowd(None, 1, wsgi), Room())
        connection.sock = Wire()
        yield connection


def a_worker(max_requests: int) -> Worker:
    worker = Worker.__new__(Worker)
    worker.cfg, worker.nr, worker.max_requests, worker.alive = CONFIG, 0, max_requests, True
    worker.log = Logger(CONFIG)
    return worker


def a_request(must_close: bool) -> PlainRequest:
    return PlainRequest({"REQUEST_METHOD": "GET"}, [], must_close)
