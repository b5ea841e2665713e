"""One HTTP call of Acme Pocket's, and how it is shown: as it went over the wire, but for what must stay secret."""

import http.client
import json
import re
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import urlencode, urlsplit

from msgspec import Struct

_SECONDS = 10
_MOST_BYTES = 1_000_000
#: So many calls of a process at most are under way. Each keeps one of its threads waiting for another, and if all of
#: them waited, nobody would be left to answer.
_TURNS = BoundedSemaphore(2)
#: A credential of ours, of which a page shows no more than its kind and its end.
_CREDENTIAL = re.compile(r"(rlq_[a-z]+_)[0-9A-Za-z_]{1,200}([0-9A-Za-z]{4})")
_SHOWN_HEADERS = ("Content-Type", "WWW-Authenticate", "Retry-After")


class Unreachable(Exception):
    """The server does not answer at its own address, or is asked too much already."""


class Call(Struct, frozen=True):
    """A request and its answer: ``name`` is what was called, ``sent`` and ``received`` are for people to read, ``data`` is the JSON that came."""

    name: str
    sent: str
    received: str
    status: int
    data: Any

    @property
    def message(self) -> str:
        """What the answer says in words, empty if nothing."""
        told = self.data if isinstance(self.data, dict) else {}
        return str(told.get("message") or told.get("error_description") or "")


def call(
    issuer: str,
    method: str,
    path: str,
    *,
    token: str = "",
    form: dict[str, str] | None = None,
    document: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> Call:
    """Ask the server. Raises :class:`Unreachable`."""
    body, kind = None, None
    if form is not None:
        body, kind = urlencode(form), "application/x-www-form-urlencoded"
    elif document is not None:
        body, kind = json.dumps(document), "application/json"
    sent = {**({"Authorization": f"Bearer {token}"} if token else {}), **({"Content-Type": kind} if kind else {})}
    sent |= headers or {}
    status, reason, received, text = _exchange(issuer, method, path, sent, body)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    shown = text if data is None else json.dumps(data, indent=2, ensure_ascii=False)
    said = _say(f"HTTP/1.1 {status} {reason}", received, shown)
    asked = {"Host": urlsplit(issuer).netloc, **sent}
    return Call(f"{method} {path}", _say(f"{method} {path} HTTP/1.1", asked, _spread(form, body)), said, status, data)


def _exchange(
    issuer: str, method: str, path: str, headers: dict[str, str], body: str | None
) -> tuple[int, str, dict[str, str], str]:
    parts = urlsplit(issuer)
    if not _TURNS.acquire(blocking=False):
        raise Unreachable
    # No proxy of the environment's: it is this machine.
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_SECONDS)
    try:
        connection.request(method, path, body and body.encode(), headers)
        answer = connection.getresponse()
        text = answer.read(_MOST_BYTES).decode("utf-8", "replace")
        shown = {name: answer.headers[name] for name in _SHOWN_HEADERS if name in answer.headers}
        return answer.status, answer.reason, shown, text
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable from error
    finally:
        _TURNS.release()
        connection.close()


def _spread(form: dict[str, str] | None, body: str | None) -> str:
    """A form with a field in each line; other bodies as they are."""
    if form is None:
        return body or ""
    hidden = {name: "…" if name == "code_verifier" else value for name, value in form.items()}
    return "\n&".join(f"{name}={value}" for name, value in hidden.items())


def _say(first: str, headers: dict[str, str], body: str) -> str:
    lines = [first, *(f"{name}: {value}" for name, value in headers.items())]
    return _CREDENTIAL.sub(r"\1…\2", "\n".join([*lines, *(["", body] if body else [])]))
