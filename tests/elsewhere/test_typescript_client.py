"""The protocol's own TypeScript library, unmodified: it joins, works, and sees what its person changes, in both eras."""

import json

import pytest

from app.mcp.messages import LEGACY, MODERN
from tests.conftest import _register_integrator
from tests.elsewhere.typescript import CALLED_BACK_AT, Agent, AgentFailed, make_agent
from tests.mcp.person import AgentsPerson, bring_person

_WRITE = frozenset({"memories:write"})


@pytest.fixture
def person(server) -> AgentsPerson:
    return bring_person(server.app)


@pytest.fixture
def agent(server, person, elsewhere, tmp_path) -> Agent:
    return make_agent(server.url, person, elsewhere, tmp_path)


@pytest.mark.parametrize(("era", "versions"), [("auto", MODERN), ("legacy", LEGACY)], ids=["modern", "legacy"])
def test_an_agent_joins_by_itself_and_works(agent, person, era, versions):
    agent.era = era
    with agent.started() as running:
        assert running.version in versions
        assert running.list_tools()[0] == "search_memories"
        assert running.call("save_memory", title="Tickets", text="In the blue folder.")["structuredContent"]["id"]
        assert running.search() == ["Lisbon"]
    kept = agent.kept()
    assert person.asked == 1 and "client_secret" not in kept["client"] and kept["tokens"]["refresh_token"]
    assert "memories:write" in kept["tokens"]["scope"]


def test_after_a_restart_it_goes_on_without_asking(agent, person):
    """Its access token has run out meanwhile. It knows nothing but what it kept."""
    with agent.started() as running:
        running.search()
    before = agent.kept()["tokens"]["refresh_token"]
    person.let_tokens_run_out()
    with agent.started() as running:
        assert running.search() == ["Lisbon"]
    assert person.asked == 1 and agent.kept()["tokens"]["refresh_token"] != before


@pytest.mark.parametrize("era", ["auto", "legacy"])
def test_a_memento_that_is_unticked_is_gone_with_the_next_call(agent, person, era):
    agent.era = era
    with agent.started() as running:
        assert running.search() == ["Lisbon"]
        person.untick_memento()
        assert running.search() == []
    assert person.asked == 1


@pytest.mark.parametrize("era", ["auto", "legacy"])
def test_what_the_person_unticked_is_asked_for_when_it_is_needed(agent, person, era):
    """Step-up: refused, asked for and ticked, it is done. Unticked again, there is one final sentence, and no loop."""
    agent.era, person.unticks = era, _WRITE
    with agent.started() as running:
        assert running.search() == ["Lisbon"] and person.asked == 1
        person.unticks = frozenset()
        assert running.call("save_memory", title="Tickets", text="In the blue folder.")["structuredContent"]["id"]
        assert running.search() == ["Lisbon"] and person.asked == 2
        person.untick("memories:write")
        # It tries a new token first, which has no more than the old one.
        with pytest.raises(AgentFailed, match="step-up") as refused:
            running.call("save_memory", title="Keys", text="Under the mat.")
        assert "memories:write" in json.loads(refused.value.text)["error"]["message"] and person.asked == 2
        # Then it knows that it must ask, which it does once.
        with pytest.raises(AgentFailed):
            running.call("save_memory", title="Keys", text="Under the mat.")
        assert person.asked == 3
        assert running.search() == ["Lisbon"] and person.asked == 3


@pytest.mark.parametrize("kind", ["confidential", "public"])
def test_one_that_an_organization_registered_registers_nothing(server, agent, person, kind):
    client = _register_integrator(server.app, "Acme Notebook", kind, CALLED_BACK_AT)
    secret = {"client_secret": client.client_secret} if client.client_secret else {}
    agent.keep(client={"client_id": client.client_id} | secret)
    person.agent_name = "Acme Notebook"
    with agent.started() as running:
        assert running.search() == ["Lisbon"]
    person.let_tokens_run_out()
    with agent.started() as running:
        assert running.search() == ["Lisbon"]
    assert person.asked == 1 and agent.kept()["client"]["client_id"] == client.client_id


@pytest.mark.parametrize("era", ["auto", "legacy"])
def test_one_that_a_document_describes_registers_nothing(server, agent, person, document_hosts, monkeypatch, era):
    """Its host is asked once, while its person waits, signed in; and by the test's own process, which has that host."""
    monkeypatch.setattr(server.app.extensions["services"].fetcher, "network", document_hosts)
    address = "https://agent.example/oauth/client.json"
    document = {"client_id": address, "client_name": "Pocket Agent", "redirect_uris": [CALLED_BACK_AT]}
    document_hosts.serve(address, document)
    agent.era, person.unticks = era, _WRITE
    agent.keep(documentUrl=address)
    with agent.started() as running:
        assert running.search() == ["Lisbon"]
        person.unticks = frozenset()
        assert running.call("save_memory", title="Tickets", text="In the blue folder.")["structuredContent"]["id"]
    person.let_tokens_run_out()
    with agent.started() as running:
        assert "Lisbon" in running.search()
        person.untick_memento()
        assert "Lisbon" not in running.search()
    assert agent.kept()["client"]["client_id"] == address
    assert person.asked == 2 and document_hosts.requests == [address]
