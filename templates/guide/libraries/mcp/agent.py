import asyncio
import json
import sys
import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx2
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

SERVER = {{ quoted(issuer ~ "/mcp") }}


class Keeper:
    """The registration and the tokens, in a file that nobody else may read."""

    path = Path("agent.json")

    def __init__(self):
        self.path.touch(mode=0o600)
        self.kept = json.loads(self.path.read_text() or "{}")

    async def get_tokens(self):
        return OAuthToken(**self.kept["tokens"]) if "tokens" in self.kept else None

    async def set_tokens(self, tokens):
        self.keep(tokens=tokens)

    async def get_client_info(self):
        return OAuthClientInformationFull(**self.kept["client"]) if "client" in self.kept else None

    async def set_client_info(self, client_info):
        self.keep(client=client_info)

    def keep(self, **values):
        self.kept |= {name: value.model_dump(mode="json", exclude_none=True) for name, value in values.items()}
        self.path.write_text(json.dumps(self.kept))


class Callback(BaseHTTPRequestHandler):
    """The person comes back here, with a code."""

    def do_GET(self):
        self.server.answer = dict(parse_qsl(urlsplit(self.path).query))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"You can close this window.")

    def log_message(self, *_arguments):
        pass


async def main(question):
    listener = HTTPServer(("127.0.0.1", 0), Callback)
    came_back_at = f"http://127.0.0.1:{listener.server_port}/callback"

    async def send_person(address):
        webbrowser.open(address)

    async def wait_for_person():
        await asyncio.to_thread(listener.handle_request)
        return AuthorizationCodeResult(**listener.answer)

    # It finds the server's metadata, registers itself, and compares state and iss.
    metadata = OAuthClientMetadata(client_name="My agent", redirect_uris=[came_back_at])
    auth = OAuthClientProvider(SERVER, metadata, Keeper(), send_person, wait_for_person)
    async with httpx2.AsyncClient(auth=auth, timeout=30) as http:
        async with Client(streamable_http_client(SERVER, http_client=http)) as client:
            found = await client.call_tool("search_memories", {"query": question})
            for memory in found.structured_content["data"]:
                print(memory["title"])


asyncio.run(main(sys.argv[1]))
