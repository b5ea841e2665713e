"""The protocol's own TypeScript library, unmodified: it joins, works, and sees what its person changes, in both eras."""

import pytest

from app.mcp.messages import LEGACY, MODERN
from tests.elsewhere.typescript import Agent, make_agent
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
