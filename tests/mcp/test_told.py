"""What the operator is told of calls that were not carried out: which tool and why, and nothing of what it was about."""

import logging

import pytest

from app import metrics
from app.logs.sparing import SparingLog


@pytest.fixture
def told(monkeypatch, caplog) -> list[tuple[str, ...]]:
    """What is counted."""
    caplog.set_level("INFO")
    counted: list[tuple[str, ...]] = []
    for name in ("TOOL_CALLS", "TOOL_CALLS_REFUSED", "REFUSED"):
        monkeypatch.setattr(getattr(metrics, name), "inc", lambda *labels, by=1: counted.append(labels))
    monkeypatch.setattr("app.mcp.calls._log", SparingLog(logging.getLogger("app.mcp.calls")))
    return counted


def test_a_call_that_is_carried_out_is_counted_by_its_tool(agent, told):
    agent.call("save_memory", title="Cod", text="With chips.")
    assert told == [("save_memory",)]


def test_a_call_without_its_scope_is_told(connect, told, caplog):
    reader = connect(scope="memories:read")
    told.clear()
    answer = reader.modern("tools/call", {"name": "save_memory", "arguments": {"title": "Quiet Cod"}})
    assert answer.status_code == 403
    assert told == [("save_memory", "scope_lacking"), ("mcp", "scope_lacking")]
    line = next(line for line in caplog.messages if "A call of the tool" in line)
    assert line.startswith("A call of the tool save_memory was refused: ") and "Quiet Cod" not in caplog.text


@pytest.mark.parametrize(
    ("tool", "arguments", "why"),
    [
        ("get_memory", {"id": "mem_0123456789abcdef01234567"}, "not_found"),
        ("search_memories", {"limit": "many secrets"}, "validation_failed"),
        ("search_memories", {"cursor": "many secrets"}, "invalid_cursor"),
    ],
)
def test_a_call_that_cannot_be_carried_out_is_told(agent, told, caplog, tool, arguments, why):
    assert agent.call(tool, **arguments)["isError"]
    assert told == [(tool, why)]
    assert f"A call of the tool {tool} was refused: {why}" in caplog.messages
    assert "secrets" not in caplog.text and "mem_0123" not in caplog.text


def test_a_tool_that_does_not_exist_has_no_name_here(agent, told, caplog):
    agent.modern("tools/call", {"name": "evil_tool", "arguments": {}})
    assert told == [("unknown", "unknown_tool")]
    assert "evil_tool" not in caplog.text


def test_a_token_that_is_no_good_is_counted_by_why(app, agent, told):
    agent.access_token = "rlq_at_" + "0" * 64
    agent.modern("tools/list")
    assert [labels[0] for labels in told] == ["mcp"]
    assert "mcp" in metrics.REFUSED._labels["endpoint"]
