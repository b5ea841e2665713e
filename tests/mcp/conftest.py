"""The fixtures of the memory server's tests: Alice's shelves, and an agent that she has connected."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from flask import Flask
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from app.clients.models import ClientOrigin
from app.extensions import db
from app.mcp.tools import TOOLS
from tests.api.conftest import ALL_SCOPES, Shelf, choose, shelf  # noqa: F401
from tests.protocol import *  # noqa: F403

VERSION = "2026-07-28"
RESOURCE = "http://127.0.0.1:8000/mcp"
META = {
    "io.modelcontextprotocol/protocolVersion": VERSION,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
}


@dataclass
class Agent:
    """An app with a token for the memory server. ``None`` as a header leaves it out."""

    app: Flask
    access_token: str | None
    grant_id: str | None = None

    def post(self, message: Any, **headers: str | None) -> TestResponse:
        """Send one message as it is."""
        sent = {"Authorization": None if self.access_token is None else f"Bearer {self.access_token}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        kept = {name: value for name, value in sent.items() if value is not None}
        return self.app.test_client().post("/mcp", json=message, headers=kept)

    def legacy(self, method: str, params: dict[str, Any] | None = None, **headers: str | None) -> TestResponse:
        """Send a request as clients did before the modern revision."""
        return self.post({"jsonrpc": "2.0", "id": next(_IDS), "method": method, "params": params or {}}, **headers)

    def modern(self, method: str, params: dict[str, Any] | None = None, **headers: str | None) -> TestResponse:
        """Send a request as the modern revision wants it; ``headers`` change one thing."""
        params = {"_meta": META} | (params or {})
        sent: dict[str, str | None] = {"MCP_Protocol_Version": VERSION, "Mcp_Method": method}
        if method == "tools/call":
            sent["Mcp_Name"] = params["name"]
        message = {"jsonrpc": "2.0", "id": next(_IDS), "method": method, "params": params}
        return self.post(message, **(sent | headers))

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The result of a tool."""
        answer = self.modern("tools/call", {"name": tool, "arguments": arguments})
        assert answer.status_code == 200, answer.text
        result = answer.json["result"]
        if not result["isError"]:
            # "Servers MUST provide structured results that conform to this schema", and the text says the same.
            Draft202012Validator(TOOLS[tool].describe()["outputSchema"]).validate(result["structuredContent"])
            assert json.loads(result["content"][0]["text"]) == result["structuredContent"]
        return result

    def titles(self, **arguments: Any) -> list[str]:
        """The titles of what a search finds."""
        return [one["title"] for one in self.call("search_memories", **arguments)["structuredContent"]["data"]]


_IDS = count(1)


@pytest.fixture
def connect(app, notebook, signed_in) -> Callable[..., Agent]:
    """Have Alice allow an agent everything, or the mementos named, or nothing."""

    def connect(*memento_ids: str, selection: str | None = None, scope: str = ALL_SCOPES) -> Agent:
        selection = selection or ("selected" if memento_ids else "all")
        choice = {"selection": selection} | ({"memento_ids": list(memento_ids)} if memento_ids else {})
        tokens = notebook.tokens(signed_in, scope=scope, choose=choice, resource=RESOURCE)
        return Agent(app, tokens["access_token"], tokens["grant_id"])

    return connect


@pytest.fixture
def agent(connect) -> Agent:
    """An agent that may see and do everything."""
    return connect()


@pytest.fixture
def stranger(app) -> Agent:
    """Whoever has no token."""
    return Agent(app, None)


@pytest.fixture
def register_origin(app):
    """Let a client have registered a web page's origin."""

    def register(integrator, origin: str) -> None:
        with app.app_context():
            db.session.add(ClientOrigin(client_key=integrator.client_id, origin=origin))
            db.session.commit()

    return register
