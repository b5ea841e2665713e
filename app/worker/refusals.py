"""How long a request line may be, and what a request that gunicorn refuses is told.

gunicorn refuses what it cannot read in HTML of its own. Here our app answers in its place, in the shape that whoever
asked reads.
"""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import werkzeug.test
from gunicorn import util
from gunicorn.http import errors
from gunicorn.http.message import Request
from gunicorn.http.unreader import Unreader
from werkzeug.datastructures import Headers

from app.http.doors import DOORS, PAGE, Door
from app.http.incoming import REFUSED
from app.worker.inbox import SlowHead

#: How many bytes a request line may have at any door, and at the one for people.
LONGEST_REQUEST_LINE, LONGEST_PAGE_LINE = max(door.longest_line for door in DOORS), PAGE.longest_line
# The first that fits.
_STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (SlowHead, 408),
    (errors.LimitRequestLine, 414),
    (errors.LimitRequestHeaders, 431),
    (errors.ExpectationFailed, 417),
    (errors.UnsupportedTransferCoding, 501),
    # Not the caller's mistake, but ours.
    (errors.InvalidResponseHeader, 500),
    (errors.InvalidResponseHeaderName, 500),
    (errors.ConfigurationProblem, 500),
    (errors.ParseException, 400),
    (ssl.SSLError, 400),
)
_METHODS = (b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE")
_LONGEST_PATH = 2000


class LongRequest(Request):
    """gunicorn's request, which remembers how it began, for a refusal."""

    _began: bytes | bytearray = b""
    #: Whose address it is; our app knows, and the worker puts its own here.
    find_door: Callable[[str], Door] = staticmethod(lambda path: PAGE)

    def parse(self, unreader: Unreader) -> bytes | bytearray:
        """gunicorn's. Raises ``InvalidHeader`` too where it does not name one host (:rfc:`9112#section-3.2`)."""
        with self._telling_how_it_began():
            rest = super().parse(unreader)
            hosts = sum(name == "HOST" for name, _ in self.headers)
            if hosts > 1 or (not hosts and self.version >= (1, 1)):
                raise errors.InvalidHeader("HOST", req=self)
            return rest

    def read_line(
        self, unreader: Unreader, buf: bytearray, limit: int = 0
    ) -> tuple[bytes | bytearray, bytes | bytearray]:
        """gunicorn's. Raises ``LimitRequestLine`` for a line that is too long for its door."""
        # It grows in place while more is read.
        self._began = buf
        line, rest = super().read_line(unreader, buf, LONGEST_REQUEST_LINE)
        self._began = line
        if len(line) > LONGEST_PAGE_LINE:
            most = type(self).find_door(_read_beginning(line)[1]).longest_line
            if len(line) > most:
                raise errors.LimitRequestLine(len(line), most)
        return line, rest

    def set_body_reader(self) -> None:
        with self._telling_how_it_began():
            super().set_body_reader()

    def should_close(self) -> bool:
        """gunicorn's, which knows no list of options; and what is left of a body that was not read whole is no request."""
        options = ",".join(value for name, value in self.headers if name == "CONNECTION").lower().split(",")
        if self.body.failed or self.unreader.ran_dry or "close" in (option.strip() for option in options):
            return True
        return super().should_close()

    @contextmanager
    def _telling_how_it_began(self) -> Iterator[None]:
        try:
            yield
        except errors.ParseException as error:
            error.began = bytes(self._began)
            raise


def find_status(error: Exception) -> int:
    """Returns with which status our app refuses what this error is about: 500 when it is no mistake of a caller."""
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)


def make_refused(began: bytes, status: int) -> dict[str, Any]:
    """Returns the environ of a request that began like this, and is refused with this status."""
    method, path = _read_beginning(began)
    return {**werkzeug.test.EnvironBuilder(path=path, method=method).get_environ(), REFUSED: status}


def refuse(wsgi: Any, environ: dict[str, Any]) -> bytes:
    """Returns what our app says to the one whose request it is: a whole answer, after which nothing comes."""
    body, status_line, headers = werkzeug.test.run_wsgi_app(wsgi, environ, buffered=True)
    lines = Headers([*headers, ("Date", util.http_date()), ("Connection", "close")])
    head = f"HTTP/1.1 {status_line}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines)
    return head.encode("latin-1") + b"\r\n" + b"".join(body)


def _read_beginning(began: bytes) -> tuple[str, str]:
    """Method and path of a request, as far as they can be read; else those of the front page."""
    method, _, rest = began.partition(b" ")
    path = rest[:_LONGEST_PATH].partition(b" ")[0].partition(b"?")[0]
    # After two slashes stands a host, to whoever reads it as an address.
    is_readable = path.startswith(b"/") and path[:2] != b"//" and all(0x21 <= byte <= 0x7E for byte in path)
    return (method if method in _METHODS else b"GET").decode(), path.decode() if is_readable else "/"
