"""The hosts of a test, asked by a server that runs in processes of its own.

    with running_server(url, directory, hosts=DocumentHosts()) as server: ...

The server loads :mod:`tests.served`, whose network asks the test's process for each name and each connection,
so that the test still says what leads where, and is told what was asked.
"""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any

from tests.document_hosts import DocumentHosts, connect_to, trusting

#: Tells a server of :mod:`tests.served` at which port the test's process answers.
VARIABLE = "TEST_DOCUMENT_HOSTS"


class BridgedHosts:
    """What stands in for :class:`app.fetch.network.Internet` in the server's processes."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._peer_of: dict[int, str] = {}

    @cached_property
    def tls(self) -> ssl.SSLContext:
        return trusting(self._ask("trusts")["pem"])

    def resolve(self, host: str) -> list[str]:
        told = self._ask("resolve", host=host)
        if "error" in told:
            raise socket.gaierror(told["error"], "It was not found.")
        return told["addresses"]

    def connect(self, address: str, seconds: float) -> socket.socket:
        port = self._ask("port")["port"]
        return connect_to(port, seconds, lambda own_port: self._expect(address, own_port))

    def peer_of(self, connection: socket.socket) -> str:
        return self._peer_of.pop(connection.getsockname()[1])

    def _expect(self, address: str, own_port: int) -> None:
        self._peer_of[own_port] = self._ask("expect", address=address, own_port=own_port)["peer"]

    def _ask(self, what: str, **values: Any) -> dict[str, Any]:
        with socket.create_connection(("127.0.0.1", self._port), timeout=20) as connection:
            connection.sendall(json.dumps({"what": what, **values}).encode() + b"\n")
            with connection.makefile("rb") as file:
                return json.loads(file.readline())


@contextmanager
def bridged(hosts: DocumentHosts) -> Iterator[dict[str, str]]:
    """Answer servers that ask for these hosts. Yields what their environment needs."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        threading.Thread(target=_accept, args=(listener, hosts), name="bridged-hosts", daemon=True).start()
        try:
            yield {VARIABLE: str(listener.getsockname()[1])}
        finally:
            # Wakes whoever waits for a connection.
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, hosts: DocumentHosts) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_answer, args=(connection, hosts), daemon=True).start()


def _answer(connection: socket.socket, hosts: DocumentHosts) -> None:
    with connection, suppress(OSError), connection.makefile("rb") as file:
        asked = json.loads(file.readline())
        connection.sendall(json.dumps(_tell(hosts, **asked)).encode() + b"\n")


def _tell(hosts: DocumentHosts, what: str, **asked: Any) -> dict[str, Any]:
    if what == "trusts":
        return {"pem": hosts.authority.pem}
    if what == "port":
        return {"port": hosts.port}
    if what == "resolve":
        try:
            return {"addresses": hosts.resolve(asked["host"])}
        except socket.gaierror as error:
            return {"error": error.errno}
    hosts.expect(asked["address"], asked["own_port"])
    return {"peer": hosts.peers.get(asked["address"], asked["address"])}
