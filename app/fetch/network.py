"""How the world is reached: names, connections and whose certificates count. The one part that a test replaces."""

import socket
import ssl
from functools import cached_property
from pathlib import Path
from typing import Protocol

PORT = 443


def prepare(context: ssl.SSLContext) -> None:
    """Take the names that a certificate is for from where they belong, and agree on nothing that is old or costs much.

    How old a version may be is some systems' own choice, and others' of whoever built Python. With plain Diffie-Hellman the host chooses how large its numbers are.
    """
    context.hostname_checks_common_name = False
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")


def trusts_anybody() -> bool:
    """Returns whether the system has any certificate authority that it trusts."""
    # Those in a folder are only read when one is needed.
    folder = ssl.get_default_verify_paths().capath
    return Internet().tls.cert_store_stats()["x509_ca"] > 0 or (folder is not None and any(Path(folder).iterdir()))


class Network(Protocol):
    """What :class:`app.fetch.fetching.Fetcher` reaches the world by. It decides nothing."""

    @property
    def tls(self) -> ssl.SSLContext:
        """Whose certificates count."""

    def resolve(self, host: str) -> list[str]:
        """Returns the addresses of the host, the best first. Raises ``OSError``. It may take as long as it likes."""

    def connect(self, address: str, seconds: float) -> socket.socket:
        """Returns a connection to port 443 of the address. Raises ``OSError``, after so many seconds at the latest."""

    def peer_of(self, connection: socket.socket) -> str:
        """Returns the address at the other end. Raises ``OSError``."""


class Internet:
    """The world as the operating system knows it."""

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """Certificates for the host that is asked, by the authorities that the system trusts.

        Not ``ssl.create_default_context``: that one writes the keys of every connection down where a variable says so.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_default_certs()
        prepare(context)
        return context

    def resolve(self, host: str) -> list[str]:
        """Returns the addresses of the host, the best first. Raises ``OSError``."""
        # The final dot: the name as it is, and not below a domain that this machine searches in.
        found = socket.getaddrinfo(f"{host}.", PORT, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
        return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))

    def connect(self, address: str, seconds: float) -> socket.socket:
        """Returns a connection to port 443 of the address. Raises ``OSError``."""
        connection = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            connection.settimeout(seconds)
            connection.connect((address, PORT))
        except BaseException:
            connection.close()
            raise
        return connection

    def peer_of(self, connection: socket.socket) -> str:
        """Returns the address at the other end. Raises ``OSError``."""
        return str(connection.getpeername()[0])
