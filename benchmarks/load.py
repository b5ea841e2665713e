"""The load generator. It runs in a process of its own, so that its work is not taken for the server's."""

import selectors
import socket
from collections.abc import Iterator
from time import perf_counter
from typing import NamedTuple

_SECONDS = 30


class Answer(NamedTuple):
    """An HTTP answer. The names of the headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes
    #: From the request until the last byte, where a server answered.
    seconds: float = 0.0


def send(port: int, requests: list[bytes], connections: int) -> list[Answer]:
    """Send all requests to 127.0.0.1 over so many keep-alive connections, on each one after the other; their answers.

    Raises ``ConnectionError`` or ``TimeoutError`` when the server does not answer.
    """
    answers: list[Answer | None] = [None] * len(requests)
    waiting = iter(enumerate(requests))
    with selectors.DefaultSelector() as selector:
        for _ in range(min(connections, len(requests))):
            _Connection(port, selector).send_next(waiting)
        while selector.get_map():
            ready = selector.select(_SECONDS)
            if not ready:
                raise TimeoutError(f"The server did not answer for {_SECONDS} seconds.")
            for key, _ in ready:
                connection = key.data
                answer = connection.receive()
                if answer is not None:
                    answers[connection.index] = answer
                    connection.send_next(waiting)
    return answers


class _Connection:
    """One connection with at most one request under way."""

    def __init__(self, port: int, selector: selectors.BaseSelector):
        self._socket = socket.create_connection(("127.0.0.1", port), _SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector = selector
        self._received = b""
        self._sent = 0.0
        self.index = 0
        selector.register(self._socket, selectors.EVENT_READ, self)

    def send_next(self, waiting: Iterator[tuple[int, bytes]]) -> None:
        """Send the next waiting request; without one, close."""
        self.index, request = next(waiting, (0, None))
        if request is None:
            self._selector.unregister(self._socket)
            self._socket.close()
        else:
            self._sent = perf_counter()
            self._socket.sendall(request)

    def receive(self) -> Answer | None:
        """Read what has come; the answer, if it is complete."""
        received = self._socket.recv(65536)
        if not received:
            raise ConnectionError("The server closed a connection that it should have kept.")
        self._received += received
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end:
            return None
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        if len(body) < int(headers["content-length"]):
            return None
        self._received = b""
        return Answer(int(status.split(" ")[1]), headers, body, perf_counter() - self._sent)
