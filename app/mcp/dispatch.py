"""From a message to its result: what a server of tools has to answer, in both eras of the protocol.

Nothing is kept between two messages, and nothing here knows of HTTP but the statuses of errors.
"""

from collections.abc import Callable
from typing import Any

from app import metrics
from app.mcp.messages import INVALID_PARAMS, LEGACY, METHOD_NOT_FOUND, SPOKEN, Message
from app.mcp.tools import TOOLS, Tool

#: The version of pyproject.toml, which a test compares.
VERSION = "0.1.0"
_SERVER_KEY = "io.modelcontextprotocol/serverInfo"
_INSTRUCTIONS = (
    "Here are memories of the person you work for: those that lie in the mementos they have opened to you. Search them"
    " before you answer what depends on what they know, wrote or decided. The person may open or close a memento at any"
    " moment, so what you found before may be gone: that is their decision, and no error."
)
_CAPABILITIES = {"tools": {"listChanged": False}}
#: How long a client may keep what is the same for everybody, in milliseconds.
_KEPT = {"ttlMs": 3_600_000, "cacheScope": "public"}

#: Carries out a tool with its arguments. Returns the result.
CallTool = Callable[[Message, Tool, Any], dict[str, Any]]


def answer(message: Message, site_name: str, call: CallTool) -> dict[str, Any] | None:
    """Returns the JSON-RPC response; None for a notification. Raises :class:`app.mcp.messages.Wrong`."""
    if message.id is None:
        return None
    server = {"name": "reliquary", "title": site_name, "version": VERSION}
    result = _find_result(message, server, call)
    if message.is_modern:
        result = {"resultType": "complete"} | result | {"_meta": {_SERVER_KEY: server}}
    return {"jsonrpc": "2.0", "id": message.id, "result": result}


def _find_result(message: Message, server: dict[str, str], call: CallTool) -> dict[str, Any]:
    match (message.method, message.is_modern):
        case "tools/list", _:
            # There is one page, so no cursor was ever given out. Clients of some languages send an empty one at first.
            if message.params.get("cursor") not in (None, ""):
                raise message.wrong(INVALID_PARAMS, "There is no such cursor: the list of tools has one page.")
            return {"tools": _LISTED} | (_KEPT if message.is_modern else {})
        case "tools/call", _:
            return call(message, _find_tool(message), _find_arguments(message))
        case "server/discover", True:
            known = {"supportedVersions": SPOKEN, "capabilities": _CAPABILITIES}
            return known | {"serverInfo": server, "instructions": _INSTRUCTIONS} | _KEPT
        case "initialize", False:
            asked = message.params.get("protocolVersion")
            return {
                "protocolVersion": asked if asked in LEGACY else LEGACY[-1],
                "capabilities": _CAPABILITIES,
                "serverInfo": server,
                "instructions": _INSTRUCTIONS,
            }
        case "ping", False:
            return {}
    raise message.wrong(METHOD_NOT_FOUND, "There is no such method here.", status=404 if message.is_modern else 200)


def _find_tool(message: Message) -> Tool:
    name = message.params.get("name")
    tool = TOOLS.get(name) if isinstance(name, str) else None
    if tool is None:
        metrics.TOOL_CALLS_REFUSED.inc("unknown", "unknown_tool")
        raise message.wrong(INVALID_PARAMS, f"There is no such tool; there are {', '.join(TOOLS)}.")
    return tool


def _find_arguments(message: Message) -> dict[str, Any]:
    arguments = message.params.get("arguments")
    if arguments is not None and not isinstance(arguments, dict):
        raise message.wrong(INVALID_PARAMS, "The arguments must be an object.")
    return arguments or {}


_LISTED = [tool.describe() for tool in TOOLS.values()]
