"""The protocol's own Python library, unmodified, joins by itself, works, and sees what its person changes."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from mcp import Client, ClientSession
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from sqlalchemy import delete, select, update

from app.consents.models import Consent, ConsentMemento
from app.database.types import Base
from app.extensions import db
from app.memories.models import Integration, Memento, MementoContent, Memory
from app.oauth.tokens.access import AccessToken
from tests.actors import Browser
from tests.conftest import _register

_CALLED_BACK_AT = "http://127.0.0.1:33418/callback"


@dataclass
class Keeper:
    """Where the agent keeps its tokens and its registration."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


@dataclass
class Agent:
    """A program on the person's computer. ``asked`` counts how often it sent the person to us."""

    url: str
    browser: Browser
    memento_id: str
    keeper: Keeper = field(default_factory=Keeper)
    asked: int = 0
    _answer: str = ""

    def run(self, act: Callable, *, is_modern: bool = True):
        """Start, connect, do something, and end."""
        # In a thread of its own: what drives a browser in this one has a loop that runs.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, self._run(act, is_modern)).result()

    async def _run(self, act, is_modern):
        metadata = OAuthClientMetadata(client_name="Pocket Agent", redirect_uris=[_CALLED_BACK_AT])
        auth = OAuthClientProvider(self.url, metadata, self.keeper, self._send_person, self._wait_for_person)
        async with httpx2.AsyncClient(auth=auth, timeout=30) as http:
            transport = streamable_http_client(self.url, http_client=http)
            if is_modern:
                async with Client(transport) as client:
                    return await act(client)
            async with transport as (read, write), ClientSession(read, write) as session:
                await session.initialize()
                return await act(session)

    async def _send_person(self, address: str) -> None:
        self.asked += 1
        page = self.browser.follow(self.browser.get(address))
        if "/mementos" in page.request.path:
            choice = {"selection": "selected", "memento_ids": [self.memento_id]}
            page = self.browser.follow(self.browser.submit(page, press="Continue", **choice))
        assert "Pocket Agent" in page.text
        self._answer = self.browser.submit(page, press="Authorize").location

    async def _wait_for_person(self) -> AuthorizationCodeResult:
        assert self._answer.startswith(_CALLED_BACK_AT), self._answer
        answer = {name: values[0] for name, values in parse_qs(urlsplit(self._answer).query).items()}
        return AuthorizationCodeResult(**answer)


@pytest.fixture
def agent(server) -> Agent:
    alice = _register(server.app, "Alice Archer", "alice@acme.example", "Acme", "member")
    browser = Browser(server.app)
    browser.enter(alice)
    with server.app.app_context():
        notes = _add(Integration(user_id=alice.id, kind="google_drive", name="Notes"))
        _add(Memory(user_id=alice.id, integration_id=notes, title="Lisbon", text="Take the tram."))
        memento = _add(Memento(user_id=alice.id, name="Trips", contents=[MementoContent(integration_id=notes)]))
    return Agent(f"{server.url}/mcp", browser, memento)


def _add(record: Base) -> str:
    db.session.add(record)
    db.session.commit()
    return record.id


async def _search(client) -> list[str]:
    found = await client.call_tool("search_memories", {"query": "tram"})
    assert not found.is_error, found
    return [one["title"] for one in found.structured_content["data"]]


@pytest.mark.parametrize("is_modern", [True, False], ids=["modern", "legacy"])
def test_an_agent_joins_by_itself_and_works(agent, is_modern):
    async def work(client):
        tools = [tool.name for tool in (await client.list_tools()).tools]
        saved = await client.call_tool("save_memory", {"title": "Tickets", "text": "In the blue folder."})
        return tools, saved.structured_content["title"], await _search(client)

    tools, saved, found = agent.run(work, is_modern=is_modern)
    assert tools[0] == "search_memories" and saved == "Tickets" and found == ["Lisbon"]
    assert agent.asked == 1 and agent.keeper.client.client_id and agent.keeper.tokens.refresh_token


def test_after_a_restart_it_goes_on_without_asking(server, agent):
    """Its access token has ended meanwhile. It knows nothing but what it kept."""
    agent.run(_search)
    with server.app.app_context():
        db.session.execute(
            update(AccessToken).values(expires_at=db.select(AccessToken.issued_at).limit(1).scalar_subquery())
        )
        db.session.commit()
    before = agent.keeper.tokens.refresh_token
    assert agent.run(_search) == ["Lisbon"]
    assert agent.asked <= 2 and agent.keeper.tokens.refresh_token != before


def test_a_memento_that_is_unticked_is_gone_with_the_next_call(server, agent):
    async def work(client):
        before = await _search(client)
        with server.app.app_context():
            grant_id = db.session.scalar(select(Consent.grant_id))
            db.session.execute(delete(ConsentMemento).where(ConsentMemento.grant_id == grant_id))
            db.session.commit()
        return before, await _search(client)

    assert agent.run(work) == (["Lisbon"], [])
    assert agent.asked == 1
