"""An answer to a plain request, written in one piece where nothing about it is unusual; else as gunicorn writes it."""

import re
import time
from functools import lru_cache
from typing import Any

from gunicorn import SERVER, util
from gunicorn.http.wsgi import Response

_STATUS = re.compile(r"[2-5][0-9]{2} [ -~]+")
_NAME = re.compile(r"[0-9A-Za-z-]+")
_WITHOUT_BODY = ("204", "304")
# What gunicorn says itself, or leaves out.
_NOT_OURS = util.hop_headers
_LENGTH_LINE = "Content-Length: "


class PlainResponse(Response):
    """gunicorn's response, of which nothing is written before all of it is there."""

    _given: tuple[str, list[tuple[str, str]]]

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        """WSGI's. What is said twice counts as it was said last; Flask says it anew only for a failure."""
        self._given = (status, headers)
        return self.write

    def answer(self, body: bytes) -> None:
        """Write the whole."""
        status, headers = self._given
        head = self._make_head(status, headers, body)
        if head is None:
            super().start_response(status, headers)
            self.write(body)
            self.close()
            return
        self.status, self.status_code, self.headers, self.sent = status, int(status[:3]), headers, len(body)
        self.response_length, self.headers_sent = len(body), True
        self.sock.sendall(head + body)

    def _make_head(self, status: str, headers: list[tuple[str, str]], body: bytes) -> bytes | None:
        """Returns the head, or None where gunicorn has something to say about it."""
        connection = "close" if self.must_close or self.req.should_close() else "keep-alive"
        lines, length = [_begin_head(status, connection, int(time.monotonic()))], None
        for name, value in headers:
            line = _begin_line(name)
            # A line a header, and no byte that could end one.
            if not line or not value.isascii() or not value.isprintable() or value.strip() != value or not value:
                return None
            if line == _LENGTH_LINE:
                length = value
            lines.append(line + value)
        if length != str(len(body)) or not lines[0]:
            return None
        return "\r\n".join([*lines, "", ""]).encode()


@lru_cache(256)
def _begin_line(name: str) -> str:
    """Returns how the line of a header begins; nothing where gunicorn has something to say about it."""
    return f"{name}: " if _NAME.fullmatch(name) and name.lower() not in _NOT_OURS else ""


@lru_cache(64)
def _begin_head(status: str, connection: str, _second: int) -> str:
    """Returns the first lines, in this second of this machine; nothing where such an answer has no body."""
    if not _STATUS.fullmatch(status) or status[:3] in _WITHOUT_BODY:
        return ""
    return f"HTTP/1.1 {status}\r\nServer: {SERVER}\r\nDate: {util.http_date()}\r\nConnection: {connection}"
