"""Hosts of the internet that stand on loopback: what apps keep at https addresses, for tests that let the server ask.

    def test_something(document_hosts, app): ...
        document_hosts.serve("https://claude.example/client.json", {"client_id": ...})
        ... the app fetches it ...
        assert document_hosts.requests == ["https://claude.example/client.json"]

``document_hosts`` (a fixture of ``tests/resources.py``) is put in the place of ``app.fetch.network.Internet``. Names have
addresses that look public; a connection to such an address is one to a port of loopback, where a TLS server has a
certificate for every name from an authority that only this test knows. Everything else is the real thing: the check of
the addresses, the handshake, the certificate check, HTTP.
"""

import json
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.fetch.network import prepare

_PATIENCE = 20


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("The test's authority")
        self._certificate = self._sign(self._name, self._key, x509.BasicConstraints(ca=True, path_length=0))

    @property
    def pem(self) -> str:
        """What whoever trusts it needs."""
        return self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    def server_context(self, *names: str, is_expired: bool = False) -> ssl.SSLContext:
        """How a server of these names answers."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        certificate = self._sign(_name(names[0][:60]), key, alternatives, is_expired=is_expired)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile() as file:
            file.write(certificate.public_bytes(serialization.Encoding.PEM) + private)
            file.flush()
            context.load_cert_chain(file.name)
        return context

    def _sign(self, subject: x509.Name, key: Any, extension: Any, *, is_expired: bool = False) -> x509.Certificate:
        at = datetime.now(UTC) - (timedelta(days=40) if is_expired else timedelta(hours=1))
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).add_extension(extension, critical=True)
        builder = builder.not_valid_before(at).not_valid_after(at + timedelta(days=30))
        return builder.sign(self._key, hashes.SHA256())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host answers with. ``framing`` is how it says where the body ends: ``length``, ``chunked``, ``close``."""

    body: bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    framing: str = "length"

    def written(self) -> bytes:
        """The answer as it stands on the wire."""
        lines = [f"HTTP/1.1 {self.status} Whatever", *(f"{name}: {value}" for name, value in self.headers)]
        body = self.body
        if self.framing == "length":
            lines.append(f"Content-Length: {len(body)}")
        elif self.framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        return "\r\n".join([*lines, "", ""]).encode() + body


#: Answers by itself: gets the connection, TLS done and the request read, and an event that is set when the test is over.
Act = Callable[[ssl.SSLSocket, threading.Event], None]


@dataclass
class Host:
    """One host: where its name leads to, and what it has."""

    #: Or a function that returns them, perhaps others each time.
    addresses: list[str] | Callable[[], list[str]]
    answers: dict[str, Answer | Act] = field(default_factory=dict)
    #: Instead of TLS: gets the raw connection.
    instead_of_tls: Callable[[socket.socket, threading.Event], None] | None = None
    #: How it proves who it is; by its own name unless given.
    context: ssl.SSLContext | None = None


class DocumentHosts:
    """The hosts, and the network that leads to them: it can stand in for :class:`app.fetch.network.Internet`.

    ``lookups``, ``connections`` and ``requests`` tell what was asked: names, addresses, and whole URLs.
    """

    def __init__(self) -> None:
        self.authority = Authority()
        self.hosts: dict[str, Host] = {}
        self.lookups: list[str] = []
        self.connections: list[str] = []
        self.requests: list[str] = []
        #: The first lines and headers of the requests.
        self.heads: list[str] = []
        #: What a connection to an address says that it leads to, where that is another one.
        self.peers: dict[str, str] = {}
        # By the port of the connection's other end.
        self._address_of: dict[int, str] = {}
        self._is_over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name="document-hosts", daemon=True).start()

    # -- what a test says ------------------------------------------------------------------------

    def host(self, name: str, *addresses: str) -> Host:
        """The host of this name, made when it is new, with an address of its own unless given."""
        if name not in self.hosts:
            self.hosts[name] = Host([f"45.45.45.{len(self.hosts) + 1}"])
        if addresses:
            self.hosts[name].addresses = list(addresses)
        return self.hosts[name]

    def serve(
        self,
        url: str,
        content: dict[str, Any] | bytes | Act,
        *,
        status: int = 200,
        content_type: str = "application/json",
        framing: str = "length",
        **headers: str,
    ) -> Host:
        """Let a host have this at the address: an object as JSON, bytes, or whatever ``content(connection, is_over)`` does.

        ``headers`` are more headers, with ``_`` for ``-``: ``cache_control="max-age=600"``.
        """
        parts = urlsplit(url)
        host = self.host(parts.hostname or "")
        if callable(content):
            host.answers[_path_of(url)] = content
            return host
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        told = [("Content-Type", content_type)] if content_type else []
        told += [(name.replace("_", "-"), value) for name, value in headers.items()]
        host.answers[_path_of(url)] = Answer(body, status, tuple(told), framing)
        return host

    def forget(self) -> None:
        """Have no host, and nothing asked."""
        for kept in (self.hosts, self.lookups, self.connections, self.requests, self.heads, self.peers):
            kept.clear()

    # -- what the fetcher asks -------------------------------------------------------------------

    @cached_property
    def tls(self) -> ssl.SSLContext:
        return trusting(self.authority.pem)

    def resolve(self, host: str) -> list[str]:
        self.lookups.append(host)
        if host not in self.hosts:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        addresses = self.hosts[host].addresses
        return list(addresses() if callable(addresses) else addresses)

    def connect(self, address: str, seconds: float) -> socket.socket:
        return connect_to(self.port, seconds, lambda own_port: self.expect(address, own_port))

    def peer_of(self, connection: socket.socket) -> str:
        address = self._address_of[connection.getsockname()[1]]
        return self.peers.get(address, address)

    def expect(self, address: str, own_port: int) -> None:
        """A connection comes from this port that means to be one to the address."""
        self.connections.append(address)
        self._address_of[own_port] = address

    # -- the server ------------------------------------------------------------------------------

    def close(self) -> None:
        """Answer no more."""
        self._is_over.set()
        # Wakes whoever waits for a connection.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while not self._is_over.is_set():
            try:
                connection, (_, port) = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection, port), daemon=True).start()

    def _answer(self, raw: socket.socket, port: int) -> None:
        with raw, suppress(OSError):
            raw.settimeout(_PATIENCE)
            host = self._at(self._address_of.get(port, ""))
            if host is not None and host.instead_of_tls is not None:
                host.instead_of_tls(raw, self._is_over)
                return
            names: list[str] = []
            first = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            first.sni_callback = lambda connection, name, _context: self._choose(connection, name, names)
            with first.wrap_socket(raw, server_side=True) as connection:
                self._answer_request(connection, names[0])

    def _at(self, address: str) -> Host | None:
        fixed = (host for host in self.hosts.values() if not callable(host.addresses))
        return next((host for host in fixed if address in host.addresses), None)

    def _choose(self, connection: ssl.SSLObject, name: str | None, names: list[str]) -> None:
        host = self.hosts.get(name or "")
        if host is None:
            connection.context = self.authority.server_context("nobody.example")
            return
        host.context = host.context or self.authority.server_context(name)
        connection.context = host.context
        names.append(name)

    def _answer_request(self, connection: ssl.SSLSocket, name: str) -> None:
        head = _read_head(connection)
        path = head.split(" ")[1]
        self.requests.append(f"https://{name}{path}")
        self.heads.append(head)
        found = self.hosts[name].answers.get(path, Answer(b"{}", 404, (("Content-Type", "application/json"),)))
        if callable(found):
            found(connection, self._is_over)
        else:
            connection.sendall(found.written())


def trusting(pem: str) -> ssl.SSLContext:
    """How a server is asked whose certificate this authority has signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem)
    prepare(context)
    return context


def connect_to(port: int, seconds: float, expect: Callable[[int], None]) -> socket.socket:
    """A connection to the port of loopback; ``expect`` is told from which port before it is made."""
    connection = socket.socket()
    try:
        connection.bind(("127.0.0.1", 0))
        expect(connection.getsockname()[1])
        connection.settimeout(seconds)
        connection.connect(("127.0.0.1", port))
    except BaseException:
        connection.close()
        raise
    return connection


def _read_head(connection: ssl.SSLSocket) -> str:
    head = b""
    while b"\r\n\r\n" not in head:
        more = connection.recv(4096)
        if not more:
            raise OSError("It hung up.")
        head += more
    return head.decode("latin-1")


def _path_of(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
