"""Lists of messages, which clients of revision 2025-03-26 may send: it "MUST support receiving JSON-RPC batches"."""

from app.database.unavailable import DatabaseUnavailable
from app.mcp import calls, endpoint
from app.mcp.messages import MOST_IN_A_LIST
from app.oauth.bearer_check import TokenOutdated
from tests.tables import each


def ask(id: int, method: str = "ping", **params) -> dict:
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": params}


def call(id: int, tool: str, **arguments) -> dict:
    return ask(id, "tools/call", name=tool, arguments=arguments)


TOLD = {"jsonrpc": "2.0", "method": "notifications/initialized"}


@each("version", [None, "2025-03-26"])
def test_each_request_of_a_list_is_answered_in_a_list(agent, version):
    """ "If the input contains any number of JSON-RPC requests, the server MUST ... return ..." an answer to each."""
    sent = [
        call(1, "search_memories", query="chips"),
        call("2", "save_memory", title="Cod", text="With chips."),
        TOLD,
        call(3, "search_memories", query="chips"),
    ]
    answer = agent.post(sent, MCP_Protocol_Version=version)
    assert answer.status_code == 200 and [one["id"] for one in answer.json] == [1, "2", 3]
    before, saved, after = (one["result"]["structuredContent"] for one in answer.json)
    assert (before["data"], saved["title"], [one["title"] for one in after["data"]]) == ([], "Cod", ["Cod"])


def test_a_list_of_notifications_has_no_answer(agent):
    """ "... solely of ... notifications: ... the server MUST return HTTP status code 202 Accepted with no body"."""
    answer = agent.post([TOLD, TOLD])
    assert (answer.status_code, answer.data) == (202, b"")


def test_what_is_wrong_with_one_is_told_of_that_one_alone(connect):
    sent = [
        call(1, "save_memory", title="Cod", text="With chips."),
        ask(2, "resources/list"),
        3,
        {"jsonrpc": "1.0", "id": 4, "method": "ping"},
        ask(5, "initialize", protocolVersion="2025-03-26"),
        [ask(6)],
        ask(7, "tools/call", name="nothing"),
        {"jsonrpc": "2.0", "method": "ping"},
        ask(8),
    ]
    told = connect(scope="memories:read").post(sent).json
    assert [one.get("id") for one in told] == [1, 2, None, 4, 5, None, 7, None, 8]
    assert [one.get("error", {}).get("code") for one in told] == [
        403,
        -32601,
        *[-32600] * 4,
        -32602,
        -32600,
        None,
    ]
    assert told[0]["error"]["data"]["scope"] == "memories:read memories:write"


@each("version", ["2024-11-05", "2025-06-18", "2025-11-25", "2026-07-28", "nothing"])
def test_no_other_version_has_lists(agent, version):
    """Since 2025-06-18 "the body ... MUST be a single JSON-RPC request, notification, or response"."""
    answer = agent.post([ask(1)], MCP_Protocol_Version=version)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, -32600)
    assert "2025-03-26" in answer.json["error"]["message"]


@each("length", [0, MOST_IN_A_LIST + 1])
def test_a_list_has_an_end(agent, length):
    answer = agent.post([ask(number) for number in range(length)])
    assert (answer.status_code, answer.json["error"]["code"]) == (400, -32600)
    assert str(MOST_IN_A_LIST) in answer.json["error"]["message"]


def test_a_list_without_a_token_is_challenged(stranger):
    answer = stranger.post([ask(1)])
    assert answer.status_code == 401 and "resource_metadata" in answer.headers["WWW-Authenticate"]


def test_each_message_of_a_list_counts_as_a_call(app, agent, monkeypatch):
    monkeypatch.setattr(app.extensions["services"].limits.calls, "most", 3)
    told = agent.post([ask(1), ask(2), ask(3)]).json
    assert [one.get("error", {}).get("code") for one in told] == [None, None, 429]


def test_what_was_done_is_not_done_again_for_what_comes_after(agent, monkeypatch):
    """A token that was changed meanwhile is looked up once more, for the message that met that."""
    carry_out, outdated = calls._carry_out, [False, True, False, False]

    def meet_a_change(*args):
        if outdated.pop(0):
            raise TokenOutdated
        return carry_out(*args)

    monkeypatch.setattr(calls, "_carry_out", meet_a_change)
    told = agent.post([call(1, "save_memory", title="Cod", text="a"), call(2, "save_memory", title="Eel", text="b")])
    assert [one["result"]["isError"] for one in told.json] == [False, False] and not outdated[1:]
    assert agent.titles() == ["Eel", "Cod"]


def test_what_was_done_is_told_when_the_database_is_away_afterwards(agent, monkeypatch):
    carry_out, away = calls._carry_out, [False, True]

    def be_away(*args):
        if away.pop(0):
            raise DatabaseUnavailable("away", "It is away.")
        return carry_out(*args)

    monkeypatch.setattr(calls, "_carry_out", be_away)
    sent = [call(1, "save_memory", title="Cod", text="a"), call(2, "save_memory", title="Eel", text="b"), TOLD, ask(3)]
    told = agent.post(sent).json
    assert [one["id"] for one in told] == [1, 2, 3] and told[0]["result"]["isError"] is False
    assert [one["error"]["code"] for one in told[1:]] == [503, 503]
    away.append(True)
    assert agent.post(sent).status_code == 503


def test_what_was_found_is_told_where_all_of_it_is_too_much_for_one_request(agent, monkeypatch):
    """The same list sent again would end at the same place, each time, and never be answered."""
    carry_out, slow = calls._carry_out, [False, True]

    def take_too_long(*args):
        if slow.pop(0):
            raise DatabaseUnavailable("slow", "It takes too long.")
        return carry_out(*args)

    monkeypatch.setattr(calls, "_carry_out", take_too_long)
    told = agent.post([call(id, "search_memories", query="chips") for id in (1, 2, 3)]).json
    assert told[0]["result"]["isError"] is False
    assert [(one["id"], one["error"]["code"]) for one in told[1:]] == [(2, 503), (3, 503)]
    assert "seconds" in told[1]["error"]["message"] and "a message before it" in told[2]["error"]["message"]


def test_what_was_done_is_told_when_we_fail_afterwards(agent, monkeypatch):
    carry_out, wrong = calls._carry_out, [False, True]

    def fail(*args):
        if wrong.pop(0):
            raise RuntimeError
        return carry_out(*args)

    monkeypatch.setattr(calls, "_carry_out", fail)
    told = agent.post([call(id, "save_memory", title=f"M{id}", text="a") for id in (1, 2, 3)]).json
    assert told[0]["result"]["isError"] is False
    assert [(one["id"], one["error"]["code"]) for one in told[1:]] == [(2, -32603), (3, 503)]


def test_an_answer_to_a_list_has_an_end(agent, monkeypatch):
    """What is not told is not done."""
    monkeypatch.setattr(endpoint, "_LARGEST_LIST", 100)
    sent = [call(1, "save_memory", title="Cod", text="a" * 100), call(2, "save_memory", title="Eel", text="b"), TOLD]
    told = agent.post(sent).json
    assert [one.get("error", {}).get("code") for one in told] == [None, 503] and "long" in told[1]["error"]["message"]
    assert agent.titles() == ["Cod"]
