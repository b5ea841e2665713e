"""One message of the protocol, read strictly: JSON-RPC 2.0, in either of the protocol's two eras.

The *modern* revision says in each request's ``_meta`` which version it speaks, and repeats it with the method in
headers. The *legacy* ones begin with ``initialize``, and name their version in a header at most.
"""

import base64
import binascii
import re
from typing import Any

from msgspec import Struct

from app.oauth.wire_request import SentHeaders

MODERN = ("2026-07-28",)
#: The newest last.
LEGACY = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
#: All that a client may choose from, the newest first.
SPOKEN = [*MODERN, *reversed(LEGACY)]
#: The only one with lists of messages (JSON-RPC's batches), and how many of them one may hold.
WITH_LISTS, MOST_IN_A_LIST = "2025-03-26", 50

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
INTERNAL_ERROR = -32603
HEADER_MISMATCH, UNSUPPORTED_VERSION = -32020, -32022
#: Ours; no code between -32768 and -32000 is free.
UNAUTHORIZED, FORBIDDEN, TOO_MANY, UNAVAILABLE = 401, 403, 429, 503

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
_CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
_SURROGATE = re.compile("[\ud800-\udfff]")
_BASE64 = re.compile(r"=\?base64\?([A-Za-z0-9+/]*={0,2})\?=")


class Wrong(Exception):
    """A message that cannot be answered with a result: the status of HTTP, and the members of a JSON-RPC error."""

    def __init__(self, status: int, code: int, message: str, *, id: str | int | None = None, data: Any = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.id, self.data = status, code, message, id, data

    def body(self) -> dict[str, Any]:
        """Returns the JSON-RPC error; without an ``id`` where none could be read."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.data is not None:
            error["data"] = self.data
        return {"jsonrpc": "2.0"} | ({} if self.id is None else {"id": self.id}) | {"error": error}


class Message(Struct, frozen=True):
    """A request, or a notification, which has no ``id`` and gets no answer."""

    id: str | int | None
    method: str
    params: dict[str, Any]
    is_modern: bool

    def wrong(self, code: int, message: str, *, status: int = 200) -> Wrong:
        """Returns the error to raise about this message."""
        return Wrong(status, code, message, id=self.id)


def find_id(content: Any) -> str | int | None:
    """Returns the id of whatever was sent, for an error; None where there is none that could be told back.

    An integer of more than 64 bits is none: many readers of JSON would round it. Nor is half a character, which no
    answer can hold.
    """
    found = content.get("id") if isinstance(content, dict) else None
    is_text = isinstance(found, str) and _SURROGATE.search(found) is None
    return found if is_text or (type(found) is int and abs(found) < 2**63) else None


def read_list(content: list[Any], headers: SentHeaders) -> list[Any]:
    """Returns the messages of a list, as they are, if the version of the request has lists. Raises :class:`Wrong`.

    The clients of that version name it in no header; those of later ones have to.
    """
    if headers.get("MCP-Protocol-Version") not in (None, WITH_LISTS):
        raise Wrong(400, INVALID_REQUEST, f"Send each message by itself: only {WITH_LISTS} has lists of them.")
    if not 0 < len(content) <= MOST_IN_A_LIST:
        raise Wrong(400, INVALID_REQUEST, f"Send from 1 to {MOST_IN_A_LIST} messages in a list.")
    return content


def read_message(content: Any, headers: SentHeaders) -> Message:
    """Returns the message, whose headers agree with it and whose version is served here. Raises :class:`Wrong`."""
    id = find_id(content)
    if not isinstance(content, dict) or content.get("jsonrpc") != "2.0" or not isinstance(content.get("method"), str):
        raise Wrong(400, INVALID_REQUEST, "Send a JSON-RPC 2.0 request or notification.", id=id)
    if "id" in content and id is None:
        raise Wrong(400, INVALID_REQUEST, "The id must be a string, or an integer of at most 64 bits.")
    if id is None and not content["method"].startswith("notifications/"):
        raise Wrong(400, INVALID_REQUEST, "A request has an id: nothing was done for this one, which has none.")
    params = content.get("params")
    # Clients of some languages write null for what they leave out.
    params = {} if params is None else params
    if not isinstance(params, dict):
        raise Wrong(400, INVALID_PARAMS, "The params must be an object.", id=id)
    meta = params.get("_meta", {})
    told = headers.get("MCP-Protocol-Version")
    is_modern = isinstance(meta, dict) and (VERSION_KEY in meta or _CAPABILITIES_KEY in meta)
    message = Message(id, content["method"], params, is_modern or (told is not None and told in MODERN))
    if message.is_modern:
        _check_meta(message, meta)
        _check_headers(message, meta[VERSION_KEY], headers)
        _check_version(message, meta[VERSION_KEY])
    elif told is not None and told not in LEGACY:
        raise _unsupported(message, told)
    return message


def _check_meta(message: Message, meta: Any) -> None:
    is_complete = (
        isinstance(meta, dict)
        and isinstance(meta.get(VERSION_KEY), str)
        and isinstance(meta.get(_CAPABILITIES_KEY), dict)
    )
    if not is_complete:
        sentence = f"params._meta must hold {VERSION_KEY}, a string, and {_CAPABILITIES_KEY}, an object."
        raise message.wrong(INVALID_PARAMS, sentence, status=400)


def _check_headers(message: Message, version: str, headers: SentHeaders) -> None:
    expected = {"MCP-Protocol-Version": version, "Mcp-Method": message.method}
    if message.method == "tools/call" and isinstance(message.params.get("name"), str):
        expected["Mcp-Name"] = message.params["name"]
    for name, value in expected.items():
        told = headers.get(name)
        if told is None:
            raise message.wrong(HEADER_MISMATCH, f"The header {name} is missing.", status=400)
        if _decode(told) != value:
            raise message.wrong(HEADER_MISMATCH, f"The header {name} says otherwise than the body.", status=400)


def _decode(value: str) -> str | None:
    """A header's value, of which one that is no plain ASCII comes in base64. None for what is no such thing."""
    found = _BASE64.fullmatch(value)
    if found is None:
        return value
    try:
        return base64.b64decode(found[1], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _check_version(message: Message, version: str) -> None:
    if version not in MODERN:
        raise _unsupported(message, version)


def _unsupported(message: Message, version: str) -> Wrong:
    # Who speaks both eras begins the older one only with a version of that. Who names one of them here has mixed up both.
    supported = [*MODERN] if version in LEGACY else SPOKEN
    sentence = f"This server does not speak that version of the protocol, but {', '.join(supported)}."
    data = {"supported": supported, "requested": version[:100]}
    return Wrong(400, UNSUPPORTED_VERSION, sentence, id=message.id, data=data)
