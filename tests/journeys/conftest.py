"""The stage of the journeys: a running server, its people and apps, a callback listener, Chromium."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from flask import Flask
from sqlalchemy import select

from app.clients.models import Client
from app.extensions import db
from tests.server import Server


@dataclass
class Callback:
    """The integrator's own little web server, where people come back to."""

    url: str
    received: list[str] = field(default_factory=list)

    def answer(self) -> dict[str, str]:
        """The parameters of the last return."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.received[-1]).query).items()}

    def last_url(self) -> str:
        """The whole address of the last return, as a client library wants it."""
        return self.url.rsplit("/callback", 1)[0] + self.received[-1]


@dataclass(frozen=True)
class Registration:
    """What an app was given at registration."""

    client_id: str
    client_secret: str | None


@dataclass(frozen=True)
class Demonstration:
    """The demonstration data on the running server: passwords by e-mail, clients by name."""

    passwords: dict[str, str]
    clients: dict[str, Registration]


@pytest.fixture
def callback() -> Iterator[Callback]:
    """A listener on loopback that remembers who came back."""
    received: list[str] = []

    class Receive(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path.startswith("/callback"):
                received.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Back at the app</title><h1>Back at the app</h1>")

        def log_message(self, *_args):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receive) as listener:
        thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield Callback(f"http://127.0.0.1:{listener.server_port}/callback", received)
        listener.shutdown()
        thread.join()


@pytest.fixture
def demonstration(server: Server, seeded: dict, callback: Callback) -> Demonstration:
    """Alice, Bob, Carol and their apps, which also return to this test's callback."""
    also_return_to(server.app, [client["client_id"] for client in seeded["clients"]], callback.url)
    return Demonstration(
        passwords={user["email"]: user["password"] for user in seeded["users"]},
        clients={
            client["name"]: Registration(client["client_id"], client.get("client_secret"))
            for client in seeded["clients"]
        },
    )


def also_return_to(app: Flask, client_ids: list[str], redirect_uri: str) -> None:
    """Register one more redirect URI of these apps."""
    with app.app_context():
        for client in db.session.scalars(select(Client).where(Client.client_id.in_(client_ids))):
            client.redirect_uris = [*client.redirect_uris, redirect_uri]
        db.session.commit()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> Path:
    """A certificate for 127.0.0.1 that nobody has signed, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "certificate.pem"
    private = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(key.private_bytes(*private) + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def page(open_page, server: Server):
    """A tab in a browser in which nothing has happened."""
    return open_page(locale="en-GB")
