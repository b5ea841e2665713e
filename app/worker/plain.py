"""Requests that can be read in one way only, read and answered without gunicorn's parser.

gunicorn looks at every header for what may be odd about it, which takes longer than most answers. Here one look tells
whether anything is: every byte is a printable one of ASCII, no name comes twice, and nothing says how the connection or
the body is to be read but a length. Any other request is gunicorn's, untouched. A test holds the two against each other.
"""

import os
import re
from collections.abc import Callable, Collection
from functools import lru_cache
from io import BytesIO
from typing import Any

from gunicorn.config import Config
from gunicorn.http.wsgi import base_environ

from app.worker.connection import Connection

_LINE = re.compile(rb"(GET|POST) (/[^ ?#]*)(?:\?([!\"$-~]*))? HTTP/1\.1\r\n")
_NAME = re.compile(r"[0-9A-Za-z-]+")
_LENGTH = re.compile(r"[0-9]{1,8}")
# No header of so short a head is longer than gunicorn lets one be, and no line than any of our doors.
_LONGEST_HEAD = 8000
# What says how the rest is to be read, and an answer that is not the last one.
_NOT_PLAIN = ("HTTP_TRANSFER_ENCODING", "HTTP_EXPECT", "HTTP_UPGRADE")


class PlainRequest:
    """A request, with what gunicorn's loggers and its response ask of its own."""

    __slots__ = ("_lines", "environ", "must_close")
    version = (1, 1)

    def __init__(self, environ: dict[str, Any], lines: list[str], must_close: bool) -> None:
        self.environ = environ
        self._lines = lines
        self.must_close = must_close

    @property
    def method(self) -> str:
        """How it is asked."""
        return str(self.environ["REQUEST_METHOD"])

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Its headers, their names in capitals."""
        return [(name.upper(), value.strip()) for name, _, value in (line.partition(":") for line in self._lines)]

    def force_close(self) -> None:
        """Let it be the last one of its connection."""
        self.must_close = True

    def should_close(self) -> bool:
        """Returns whether it is the last one of its connection."""
        return self.must_close


class PlainReader:
    """Reads what one port takes here."""

    def __init__(
        self, cfg: Config, targets: Collection[tuple[str, str]], takes: Callable[[dict[str, Any]], bool]
    ) -> None:
        """``targets`` are methods and paths, and of their requests those are read here that ``takes`` says yes to."""
        self._targets = frozenset((method.encode(), path.encode()) for method, path in targets)
        self._takes = takes
        self._most_fields = cfg.limit_request_fields
        # Settings that change what gunicorn would make of a plain head.
        if (
            cfg.proxy_protocol != "off"
            or cfg.forwarded_allow_ips
            or 0 < cfg.limit_request_field_size < _LONGEST_HEAD
            or os.environ.get("SCRIPT_NAME")
        ):
            self._targets = frozenset()
        self._environ = base_environ(cfg) | {
            "wsgi.multithread": True,
            "wsgi.url_scheme": "http",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SCRIPT_NAME": "",
        }

    def read(self, connection: Connection, data: bytes | bytearray) -> PlainRequest | None:
        """Returns the one request that came on this connection; None when it is not for here, or not the only one."""
        line = _LINE.match(data)
        if line is None or (line[1], line[2]) not in self._targets:
            return None
        end = data.find(b"\r\n\r\n", line.end() - 2)
        if not 0 < end <= _LONGEST_HEAD:
            return None
        head = data[line.end() : end].decode("latin-1")
        lines = head.split("\r\n") if head else []
        environ = self._begin_environ(connection) | _read_line(line)
        for field in lines:
            name, _, value = field.partition(":")
            key = _key(name)
            value = value.removeprefix(" ")
            # A field that is nothing but printable letters of ASCII, with no space around it, and the only one of its name.
            if (
                not (key and value and field.isascii() and field.isprintable())
                or value.strip() != value
                or key in environ
            ):
                return None
            environ[key] = value
        length = environ.get("CONTENT_LENGTH", "0")
        connection_option = environ.get("HTTP_CONNECTION", "keep-alive").lower()
        if (
            len(lines) > self._most_fields
            or "HTTP_HOST" not in environ
            or not environ.keys().isdisjoint(_NOT_PLAIN)
            or not _LENGTH.fullmatch(length)
            or connection_option not in ("keep-alive", "close")
        ):
            return None
        if len(data) != end + 4 + int(length) or not self._takes(environ):
            return None
        environ["wsgi.input"] = BytesIO(data[end + 4 :])
        return PlainRequest(environ, lines, connection_option == "close")

    def _begin_environ(self, connection: Connection) -> dict[str, Any]:
        if connection.environ is None:
            client, server = connection.client, connection.server
            connection.environ = self._environ | {
                "REMOTE_ADDR": client[0],
                "REMOTE_PORT": str(client[1]),
                "SERVER_NAME": server[0],
                "SERVER_PORT": str(server[1]),
                "gunicorn.socket": connection.sock,
            }
        return connection.environ


def _read_line(line: re.Match[bytes]) -> dict[str, Any]:
    path, query = line[2].decode("latin-1"), line[3]
    return {
        "REQUEST_METHOD": line[1].decode(),
        "RAW_URI": path if query is None else f"{path}?{query.decode()}",
        "PATH_INFO": path,
        "QUERY_STRING": "" if query is None else query.decode(),
    }


@lru_cache(256)
def _key(name: str) -> str:
    """Returns what WSGI calls a header; nothing for what is no name."""
    if not _NAME.fullmatch(name):
        return ""
    name = name.upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
