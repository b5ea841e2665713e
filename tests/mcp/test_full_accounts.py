"""An agent of a person whose account is full is told so in words that it can hand on."""

from tests.totals import bound

__all__ = ["bound"]


def test_an_agent_is_told_what_its_person_can_do(agent, bound):
    bound(memories=1)
    id = agent.call("save_memory", title="Cod", text="With chips.")["structuredContent"]["id"]
    refused = agent.call("save_memory", title="Sole", text="With peas.")
    assert refused["isError"] and "Delete some first." in refused["content"][0]["text"]
    bound(megabytes=1)
    for _ in range(4):
        agent.call("save_memory", title="Long", text="é" * 100_000)
    refused = agent.call("update_memory", id=id, text="🥪" * 100_000)
    assert refused["isError"] and "1 MB of text" in refused["content"][0]["text"]
