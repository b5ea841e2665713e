"""Bytes to and from a server, by hand: connections that dawdle, and answers read one by one."""

import socket
import time
from contextlib import suppress
from http.client import HTTPResponse
from threading import Event, Thread
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 30
PROBE = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
_FORM = b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
#: What a connection says at first, and then never enough of.
DAWDLERS = {
    "says nothing": b"",
    "drips a header": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    "drips a request line": b"GET /heal",
    "drips a body": _FORM + b"Content-Length: 4000\r\n\r\n",
    "drips chunks": _FORM + b"Transfer-Encoding: chunked\r\n\r\nfff\r\n",
    "awaits leave and never goes on": _FORM + b"Expect: 100-continue\r\nContent-Length: 4000\r\n\r\n",
}


def dial(url: str, **options: int) -> socket.socket:
    """A connection. ``options`` are set on it before."""
    address = urlsplit(url)
    connection = socket.socket()
    for name, value in options.items():
        connection.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
    connection.settimeout(TIMEOUT_SECONDS)
    connection.connect((address.hostname, address.port))
    return connection


def read_answer(connection: socket.socket) -> HTTPResponse:
    """The next answer, after which nothing follows yet; its body is its ``content``."""
    return read_answers(connection, 1)[0]


def read_answers(connection: socket.socket, count: int) -> list[HTTPResponse]:
    """So many answers, one behind the other."""
    stream = _Stream(connection)
    answers = []
    for _ in range(count):
        answer = HTTPResponse(stream)
        answer.begin()
        answer.content = answer.read()
        answers.append(answer)
    return answers


class _Stream:
    """Stands for a socket; an answer leaves to the next what it has read of it."""

    def __init__(self, connection: socket.socket) -> None:
        self._file = connection.makefile("rb")

    def makefile(self, _mode: str) -> "_Stream":
        return self

    def __getattr__(self, name: str):
        return getattr(self._file, name)

    def close(self) -> None:
        pass


def seconds_of(probe) -> float:
    """How long this takes."""
    began = time.monotonic()
    probe()
    return time.monotonic() - began


def probe(url: str) -> None:
    """Ask whether it is there, on a connection of its own."""
    with dial(url) as connection:
        connection.sendall(PROBE)
        assert read_answer(connection).status == 200


class Crowd:
    """Many connections to a server, each of which sends a byte now and then and never enough."""

    def __init__(self, url: str, count: int, kinds: dict[str, bytes] = DAWDLERS) -> None:
        self._done = Event()
        self._connections = []
        beginnings = list(kinds.values())
        for number in range(count):
            connection = dial(url)
            connection.sendall(beginnings[number % len(beginnings)])
            connection.setblocking(False)
            # Those that say nothing go on saying nothing.
            self._connections.append((connection, bool(beginnings[number % len(beginnings)])))
        self._thread = Thread(target=self._drip)

    def __enter__(self) -> "Crowd":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        for connection, _drips in self._connections:
            connection.close()

    def _drip(self) -> None:
        while not self._done.wait(0.5):
            for connection, drips in self._connections:
                if drips:
                    with suppress(OSError):
                        connection.send(b"a")
