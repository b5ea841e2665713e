"""TLS over a connection, with a bound on all the bytes that come in and one deadline for all waits.

``ssl.SSLSocket`` has neither: it reads for as long as records come that hold nothing for us.
"""

import io
import socket
import ssl
from collections.abc import Callable
from typing import Any, TypeVar, cast

from app.fetch.deadline import Deadline
from app.fetch.errors import FetchFailed, Why

_CHUNK = 16 * 1024
_Result = TypeVar("_Result")


class TlsStream(io.RawIOBase):
    """What the host says, as a stream to read from. Made with the handshake done."""

    def __init__(
        self, connection: socket.socket, context: ssl.SSLContext, host: str, deadline: Deadline, most_bytes: int
    ) -> None:
        """Raises :class:`FetchFailed`. ``most_bytes`` may come in on the wire, handshake and all."""
        self._connection, self._host, self._deadline, self._left = connection, host, deadline, most_bytes
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._until_done(self._tls.do_handshake)

    def send(self, content: bytes) -> None:
        """Send all of it. Raises :class:`FetchFailed`."""
        self._until_done(lambda: self._tls.write(content))

    def readable(self) -> bool:
        """Returns whether it can be read from."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what has come. Returns how many bytes that are, 0 at the end. Raises :class:`FetchFailed`."""
        return self._until_done(lambda: self._read(buffer))

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Returns itself with a buffer: what ``http.client`` asks a socket for."""
        return io.BufferedReader(self)

    def _read(self, buffer: Any) -> int:
        try:
            return cast(int, self._tls.read(len(buffer), buffer))
        # Many hang up without a word. Half a JSON object is none, and half an image is drawn as far as it goes.
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return 0

    def _until_done(self, act: Callable[[], _Result]) -> _Result:
        """Let ``act`` happen, and give it what it waits for from the connection."""
        try:
            while True:
                try:
                    result = act()
                except ssl.SSLWantReadError:
                    self._flush()
                    self._receive()
                else:
                    self._flush()
                    return result
        except ssl.SSLCertVerificationError as error:
            raise FetchFailed(Why.BAD_CERTIFICATE, self._host, f"code {error.verify_code}") from None
        except TimeoutError:
            raise FetchFailed(Why.TIMEOUT, self._host, "while it answered") from None
        except ssl.SSLError as error:
            raise FetchFailed(Why.BAD_ANSWER, self._host, error.reason or "TLS") from None
        except OSError as error:
            raise FetchFailed(Why.UNREACHABLE, self._host, type(error).__name__) from None

    def _flush(self) -> None:
        if waiting := self._outgoing.read():
            self._connection.settimeout(self._deadline.left())
            self._connection.sendall(waiting)

    def _receive(self) -> None:
        if self._left <= 0:
            raise FetchFailed(Why.TOO_LARGE, self._host)
        self._connection.settimeout(self._deadline.left())
        received = self._connection.recv(min(_CHUNK, self._left))
        self._left -= len(received)
        if received:
            self._incoming.write(received)
        else:
            self._incoming.write_eof()
