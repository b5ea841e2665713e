"""A running server in the shape that ``Browser`` and ``Integrator`` expect of an app: their requests cross a socket."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from http.client import HTTPConnection
from threading import Barrier, Thread
from typing import Any
from urllib.parse import urlsplit

from flask.ctx import AppContext
from msgspec import structs
from werkzeug.test import Client, TestResponse

from tests.server import Server

_TIMEOUT_SECONDS = 30
_HELD_SECONDS = 0.3
# WSGI forbids an application to pass these on (PEP 3333).
_HOP_BY_HOP = ("connection", "keep-alive", "transfer-encoding")


class RemoteApp:
    """Stands for ``server.app`` where a test wants its requests answered by the server's processes."""

    def __init__(self, server: Server):
        self.server = server
        self.extensions = server.app.extensions
        # People are registered from this process, with the cheapest hash that the server will take.
        services = self.extensions["services"]
        cheap = structs.replace(services.settings, password_time_cost=1, password_memory_kib=8)
        self.extensions["services"] = structs.replace(services, settings=cheap)

    def app_context(self) -> AppContext:
        """To prepare and look at the server's database from this process."""
        return self.server.app.app_context()

    def test_client(self) -> Client:
        """A client with cookies of its own."""
        return Client(self._forward, TestResponse)

    def _forward(self, environ: dict[str, Any], start_response: Callable) -> list[bytes]:
        target = environ["REQUEST_URI"]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        headers = {
            name.removeprefix("HTTP_").replace("_", "-"): value
            for name, value in environ.items()
            if name.startswith("HTTP_") or (name in ("CONTENT_TYPE", "CONTENT_LENGTH") and value)
        }
        connection = open_connection(self.server)
        try:
            connection.request(environ["REQUEST_METHOD"], target, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP_BY_HOP]
        start_response(f"{answer.status} {answer.reason}", kept)
        return [content]


def open_connection(server: Server) -> HTTPConnection:
    """A connection of its own to the server, already made."""
    address = urlsplit(server.url)
    connection = HTTPConnection(address.hostname, address.port, timeout=_TIMEOUT_SECONDS)
    connection.connect()
    return connection


def all_at_once(acts: list[Callable[[], Any]], held_back: AbstractContextManager[None] | None = None) -> list[Any]:
    """What the acts return, each in a thread of its own, all let go at the same moment. An error in one is raised.

    ``held_back`` is entered before and left when the acts have had time to come as far as it lets them.
    """
    gate = Barrier(len(acts))
    results: list[Any] = [None] * len(acts)
    errors: list[BaseException] = []

    def run(index: int, act: Callable[[], Any]) -> None:
        try:
            gate.wait(_TIMEOUT_SECONDS)
            results[index] = act()
        except BaseException as error:
            errors.append(error)

    threads = [Thread(target=run, args=numbered, daemon=True) for numbered in enumerate(acts)]
    with held_back or nullcontext():
        for thread in threads:
            thread.start()
        if held_back:
            threads[0].join(_HELD_SECONDS)
    for thread in threads:
        thread.join(2 * _TIMEOUT_SECONDS)
        assert not thread.is_alive(), "A request hangs."
    if errors:
        raise errors[0]
    return results
