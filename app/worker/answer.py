"""An answer to a plain request, written in one piece where nothing about it is unusual; else as gunicorn writes it."""

import re
import time
from typing import Any

from gunicorn import SERVER, util
from gunicorn.http.wsgi import Response

# Whether a head says what was meant: a line a header, and no byte that could end one.
_HEAD = re.compile(r"HTTP/1\.1 [2-5][0-9]{2} [ -~]+\r\n(?:[0-9A-Za-z-]+: [!-~](?:[ -~\x80-\xff]*[!-~])?\r\n)+\r\n")
_WITHOUT_BODY = ("204", "304")
# What gunicorn says itself, or leaves out.
_NOT_OURS = util.hop_headers
# The date as it is told, and the second of this machine in which it was made.
_date: tuple[int, str] = (-1, "")


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
        length = None
        for name, value in headers:
            low = name.lower()
            if low in _NOT_OURS:
                return None
            if low == "content-length":
                length = value
        if length != str(len(body)) or status[:3] in _WITHOUT_BODY:
            return None
        connection = "close" if self.must_close or self.req.should_close() else "keep-alive"
        head = (
            f"HTTP/1.1 {status}\r\nServer: {SERVER}\r\nDate: {_find_date()}\r\nConnection: {connection}\r\n"
            + "".join([f"{name}: {value}\r\n" for name, value in headers])
            + "\r\n"
        )
        if head.count("\n") != len(headers) + 5 or _HEAD.fullmatch(head) is None:
            return None
        return head.encode("latin-1")


def _find_date() -> str:
    global _date
    second = int(time.monotonic())
    if _date[0] != second:
        _date = (second, util.http_date())
    return _date[1]
