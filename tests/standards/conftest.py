"""The fixtures of the standards' tests: the people and clients of the protocol's, and the documents that tell of us."""

import json
from typing import Any

import pytest

from tests.protocol import *  # noqa: F403

ISSUER = "http://127.0.0.1:8000"
API, MCP = f"{ISSUER}/api/v1", f"{ISSUER}/mcp"
WELL_KNOWN_SERVER = "/.well-known/oauth-authorization-server"
WELL_KNOWN_RESOURCE = "/.well-known/oauth-protected-resource"


@pytest.fixture
def client(app):
    """Somebody who is nobody."""
    return app.test_client()


@pytest.fixture
def metadata(client) -> dict[str, Any]:
    """What the authorization server tells of itself."""
    return client.get(WELL_KNOWN_SERVER).json


@pytest.fixture
def call_tool(app):
    """Call a tool with a token."""

    def call(access_token: str | None, tool: str = "search_memories", **arguments):
        params = {"name": tool, "arguments": arguments}
        headers = {} if access_token is None else {"Authorization": f"Bearer {access_token}"}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        return app.test_client().post(
            "/mcp", data=json.dumps(message), headers=headers, content_type="application/json"
        )

    return call


def find_nothings(value: Any, path: str = "$") -> list[str]:
    """Returns where something in JSON is null or empty."""
    if value in (None, "", [], {}) and value is not False and value != 0:
        return [path]
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for name, one in inner for found in find_nothings(one, f"{path}.{name}")]
