"""The protocol's own Python library, unmodified, joins, works, and sees what its person changes, in both eras."""

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

from app.clients.models import Client as RegisteredClient
from app.extensions import db
from tests.conftest import _register_integrator
from tests.integrator import Integrator
from tests.mcp.person import AgentsPerson, bring_person

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
    """A program on the person's computer."""

    url: str
    person: AgentsPerson
    keeper: Keeper = field(default_factory=Keeper)
    document_url: str | None = None
    #: Whether it wrote down when its access token ends, as FastMCP does; the library itself forgets it.
    knows_end: bool = False
    _answer: str = ""

    def run(self, act: Callable, *, is_modern: bool = True):
        """Start, connect, do something, and end."""
        # In a thread of its own: what drives a browser in this one has a loop that runs.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, self._run(act, is_modern)).result()

    async def _run(self, act, is_modern):
        auth = OAuthClientProvider(
            self.url,
            OAuthClientMetadata(client_name="Pocket Agent", redirect_uris=[_CALLED_BACK_AT]),
            self.keeper,
            self._send_person,
            self._wait_for_person,
            client_metadata_url=self.document_url,
        )
        if self.knows_end:
            auth.context.token_expiry_time = 1.0
        async with httpx2.AsyncClient(auth=auth, timeout=30) as http:
            transport = streamable_http_client(self.url, http_client=http)
            if is_modern:
                async with Client(transport) as client:
                    return await act(client)
            async with transport as (read, write), ClientSession(read, write) as session:
                await session.initialize()
                return await act(session)

    async def _send_person(self, address: str) -> None:
        self._answer = self.person.decide(address)

    async def _wait_for_person(self) -> AuthorizationCodeResult:
        assert self._answer.startswith(_CALLED_BACK_AT), self._answer
        answer = {name: values[0] for name, values in parse_qs(urlsplit(self._answer).query).items()}
        return AuthorizationCodeResult(**answer)


@pytest.fixture
def person(server) -> AgentsPerson:
    return bring_person(server.app)


@pytest.fixture
def agent(server, person) -> Agent:
    return Agent(f"{server.url}/mcp", person)


def _keep(client: Integrator, issuer: str) -> OAuthClientInformationFull:
    """What the agent's author was told by whoever registered it."""
    return OAuthClientInformationFull(
        client_id=client.client_id,
        client_secret=client.client_secret,
        redirect_uris=[client.redirect_uri],
        token_endpoint_auth_method="client_secret_basic" if client.client_secret else "none",
        issuer=issuer,
    )


async def _search(client) -> list[str]:
    found = await client.call_tool("search_memories", {"query": "tram"})
    assert not found.is_error, found
    return [one["title"] for one in found.structured_content["data"]]


@pytest.mark.parametrize("is_modern", [True, False], ids=["modern", "legacy"])
def test_an_agent_joins_by_itself_and_works(agent, person, is_modern):
    async def work(client):
        tools = [tool.name for tool in (await client.list_tools()).tools]
        saved = await client.call_tool("save_memory", {"title": "Tickets", "text": "In the blue folder."})
        return tools, saved.structured_content["title"], await _search(client)

    tools, saved, found = agent.run(work, is_modern=is_modern)
    assert tools[0] == "search_memories" and saved == "Tickets" and found == ["Lisbon"]
    assert person.asked == 1 and agent.keeper.client.client_id and agent.keeper.tokens.refresh_token


def test_after_a_restart_it_goes_on_without_asking(agent, person):
    """It knows what it kept, and not yet where our endpoints are: it refreshes at ``/token`` of the same origin."""
    agent.run(_search)
    before = agent.keeper.tokens.refresh_token
    person.let_tokens_run_out()
    agent.knows_end = True
    assert agent.run(_search) == ["Lisbon"]
    assert person.asked == 1 and agent.keeper.tokens.refresh_token != before


def test_after_a_restart_one_that_does_not_know_when_its_token_ends_asks_again(agent, person):
    """The library refreshes before the end alone: it takes the 401 of a token that it thinks good as no token."""
    agent.run(_search)
    person.let_tokens_run_out()
    assert agent.run(_search) == ["Lisbon"]
    assert person.asked == 2


def test_a_memento_that_is_unticked_is_gone_with_the_next_call(agent, person):
    async def work(client):
        before = await _search(client)
        person.untick_memento()
        return before, await _search(client)

    assert agent.run(work) == (["Lisbon"], [])
    assert person.asked == 1


def test_a_registered_agent_asks_again_for_what_its_person_left_out(server, agent, person):
    """Its organization says that it can do without, and a server of its organization's gets answers without a screen."""
    client = _register_integrator(server.app, "Acme Notebook", "confidential", _CALLED_BACK_AT)
    with server.app.app_context():
        db.session.get_one(RegisteredClient, client.client_id).optional_scope = "memories:write"
        db.session.commit()
    agent.keeper.client = _keep(client, server.url)
    person.agent_name, person.unticks = "Acme Notebook", frozenset({"memories:write"})

    async def work(client):
        assert await _search(client) == ["Lisbon"] and person.asked == 1
        person.unticks = frozenset()
        return await client.call_tool("save_memory", {"title": "Tickets", "text": "In the blue folder."})

    assert agent.run(work).structured_content["title"] == "Tickets" and person.asked == 2


@pytest.mark.parametrize("is_modern", [True, False], ids=["modern", "legacy"])
def test_what_the_person_unticked_is_asked_for_when_it_is_needed(agent, person, is_modern):
    """Step-up: refused, asked for and ticked, it is done. Unticked again, there is one final sentence, and no loop."""
    person.unticks = frozenset({"memories:write"})

    async def work(client):
        assert await _search(client) == ["Lisbon"] and person.asked == 1
        person.unticks = frozenset()
        saved = await client.call_tool("save_memory", {"title": "Tickets", "text": "In the blue folder."})
        assert saved.structured_content["title"] == "Tickets" and person.asked == 2
        assert await _search(client) == ["Lisbon"]
        person.untick("memories:write")
        with pytest.raises(Exception) as refused:
            await client.call_tool("save_memory", {"title": "Keys", "text": "Under the mat."})
        assert person.asked == 3
        return str(refused.value), await _search(client)

    sentence, found = agent.run(work, is_modern=is_modern)
    assert "memories:write" in sentence and found == ["Lisbon"] and person.asked == 3


@pytest.mark.parametrize("kind", ["confidential", "public"])
def test_one_that_an_organization_registered_registers_nothing(server, agent, person, kind):
    client = _register_integrator(server.app, "Acme Notebook", kind, _CALLED_BACK_AT)
    agent.keeper.client = _keep(client, server.url)
    person.agent_name = "Acme Notebook"
    assert agent.run(_search) == ["Lisbon"]
    person.let_tokens_run_out()
    agent.knows_end = True
    assert agent.run(_search) == ["Lisbon"]
    assert person.asked == 1 and agent.keeper.client.client_id == client.client_id


@pytest.mark.parametrize("is_modern", [True, False], ids=["modern", "legacy"])
def test_one_that_a_document_describes_registers_nothing(server, agent, person, document_hosts, monkeypatch, is_modern):
    """The server's processes never ask its host: only where the person waits, signed in, is anything fetched."""
    monkeypatch.setattr(server.app.extensions["services"].fetcher, "network", document_hosts)
    agent.document_url = "https://agent.example/oauth/client.json"
    document = {"client_id": agent.document_url, "client_name": "Pocket Agent", "redirect_uris": [_CALLED_BACK_AT]}
    document_hosts.serve(agent.document_url, document)
    assert agent.run(_search, is_modern=is_modern) == ["Lisbon"]
    person.let_tokens_run_out()
    agent.knows_end = True
    assert agent.run(_search, is_modern=is_modern) == ["Lisbon"]
    assert agent.keeper.client.client_id == agent.document_url
    assert person.asked == 1 and document_hosts.requests == [agent.document_url]
