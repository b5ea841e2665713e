"""One request and its answer (:rfc:`9112`): the connection ends with it, and only a whole, plain 200 is an answer."""

from collections.abc import Mapping
from http import client
from typing import Any, cast

from app.fetch.errors import FetchFailed, Why
from app.fetch.kinds import Kind
from app.fetch.target import Target
from app.fetch.tls import TlsStream

_GONE = (404, 410)
_TOO_MANY_REQUESTS = 429


def get(stream: TlsStream, target: Target, kind: Kind, user_agent: str) -> tuple[bytes, "client.HTTPMessage"]:
    """Returns the body and the headers of what the host has there. Raises :class:`FetchFailed`."""
    stream.send(_write_request(target, kind, user_agent))
    try:
        # It only asks what it reads from for a file.
        answer = client.HTTPResponse(cast(Any, stream), method="GET")
        answer.begin()
        _check_status(answer.status, target.host)
        _check_headers(answer.msg, kind, target.host)
        return _read(answer, kind, target.host), answer.msg
    # What http.client says of numbers that are none is a ValueError.
    except (client.HTTPException, ValueError) as error:
        raise FetchFailed(Why.BAD_ANSWER, target.host, type(error).__name__) from None


def _write_request(target: Target, kind: Kind, user_agent: str) -> bytes:
    headers: Mapping[str, str] = {
        "Host": target.host,
        "Accept": ", ".join(kind.types),
        "Accept-Encoding": "identity",
        "User-Agent": user_agent,
        "Connection": "close",
    }
    lines = [f"GET {target.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("ascii")


def _check_status(status: int, host: str) -> None:
    if status == 200:
        return
    if 300 <= status < 400:
        why = Why.REDIRECT
    elif status in _GONE:
        why = Why.GONE
    elif status >= 500 or status == _TOO_MANY_REQUESTS:
        why = Why.SERVER_ERROR
    else:
        why = Why.BAD_STATUS
    raise FetchFailed(why, host, f"status {status}")


def _check_headers(headers: "client.HTTPMessage", kind: Kind, host: str) -> None:
    if _words(headers, "Content-Encoding") - {"identity"}:
        raise FetchFailed(Why.ENCODED, host)
    if _words(headers, "Transfer-Encoding") - {"chunked"}:
        raise FetchFailed(Why.ENCODED, host)
    types = headers.get_all("Content-Type", [])
    media_type = str(types[0]).partition(";")[0].strip().lower() if len(types) == 1 else ""
    is_json = kind.takes_json and media_type.startswith("application/") and media_type.endswith("+json")
    if media_type not in kind.types and not is_json:
        raise FetchFailed(Why.WRONG_TYPE, host)


def _words(headers: "client.HTTPMessage", name: str) -> set[str]:
    lines = headers.get_all(name, [])
    return {word.strip().lower() for line in lines for word in str(line).split(",")} - {""}


def _read(answer: "client.HTTPResponse", kind: Kind, host: str) -> bytes:
    said = answer.length
    if said is not None and said > kind.most_bytes:
        raise FetchFailed(Why.TOO_LARGE, host)
    body = b""
    while len(body) <= kind.most_bytes:
        more = answer.read(kind.most_bytes + 1 - len(body))
        if not more:
            break
        body += more
    else:
        raise FetchFailed(Why.TOO_LARGE, host)
    if said is not None and len(body) != said:
        raise FetchFailed(Why.BAD_ANSWER, host, "cut off")
    return body
