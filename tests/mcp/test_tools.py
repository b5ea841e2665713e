"""The tools: what each does within what the person has chosen, and what it says when it may not."""

import json

from jsonschema import Draft202012Validator

from app import clock
from app.consents.models import Consent
from app.consents.receipts import AccessRecord
from app.consents.receipts.log import AccessLog
from app.extensions import db
from app.mcp.tools import TOOLS
from tests.mcp.conftest import RESOURCE, Agent
from tests.tables import each


def test_every_tool_is_listed_for_everybody_in_the_same_bytes(connect, notebook):
    """ "Servers SHOULD return tools in a deterministic order"; else no client would ever ask for more."""
    reader, writer = connect(scope="memories:read"), connect(scope="memories:write")
    first, second = (agent.modern("tools/list").json["result"] for agent in (reader, writer))
    assert json.dumps(first) == json.dumps(second)
    assert [tool["name"] for tool in first["tools"]] == list(TOOLS)
    assert first["ttlMs"] > 0 and first["cacheScope"] == "public"


@each("tool", TOOLS.values(), ids=TOOLS)
def test_a_tool_has_a_title_hints_and_schemas_of_both_ends(tool):
    told = tool.describe()
    assert told["title"] and told["description"].endswith(".")
    assert {"readOnlyHint", "destructiveHint"} <= told["annotations"].keys()
    assert told["annotations"]["readOnlyHint"] is not tool.operation.changes
    for schema in (told["inputSchema"], told["outputSchema"]):
        # "MUST be a valid JSON Schema object (not null)"; without "$schema", of 2020-12.
        Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object" and schema["additionalProperties"] is False
    assert "pattern" not in json.dumps(told["inputSchema"])


def test_a_memory_is_saved_found_changed_and_forgotten(agent):
    saved = agent.call("save_memory", title="Cod", text="With chips.", tags=["fish"], source_url=None)
    assert saved["isError"] is False and json.loads(saved["content"][0]["text"]) == saved["structuredContent"]
    id = saved["structuredContent"]["id"]
    assert agent.titles(query="chips") == agent.titles() == ["Cod"]
    changed = agent.call("update_memory", id=id, title="Cod and chips")["structuredContent"]
    assert (changed["title"], changed["text"]) == ("Cod and chips", "With chips.")
    assert agent.call("get_memory", id=id)["structuredContent"] == changed
    assert agent.call("forget_memory", id=id)["structuredContent"] == {"forgotten": id}
    gone = agent.call("get_memory", id=id)
    assert gone["isError"] and "no memory with this id" in gone["content"][0]["text"]


def test_a_memento_that_the_person_unticks_is_gone_with_the_next_call(shelf, connect, choose):
    drive = shelf.connect()
    trip = shelf.keep("Lisbon", drive, folder="Trips")
    shelf.keep("Diary", drive, folder="Private")
    trips, private = shelf.memento("Trips", (drive, "Trips")), shelf.memento("Private", (drive, "Private"))
    agent = connect(trips, private)
    assert agent.titles() == ["Diary", "Lisbon"]
    assert {one["name"] for one in agent.call("list_mementos")["structuredContent"]["data"]} == {"Private", "Trips"}
    choose(agent, private)
    assert agent.titles() == agent.titles(query="about") == ["Diary"]
    assert agent.call("get_memory", id=trip)["isError"]


@each(
    ("held", "tool", "arguments", "needed"),
    [
        ("memories:read", "save_memory", {"title": "a", "text": "b"}, "memories:read memories:write"),
        ("memories:read", "update_memory", {"id": "mry_1", "title": "b"}, "memories:read memories:write"),
        ("memories:read", "forget_memory", {"id": "mry_1"}, "memories:read memories:write"),
        ("memories:write", "search_memories", {}, "memories:read memories:write"),
        ("memories:write", "get_memory", {"id": "mry_1"}, "memories:read memories:write"),
        ("integrations:read", "search_memories", {}, "memories:read integrations:read"),
    ],
)
def test_each_tool_asks_for_its_own_scope(connect, held, tool, arguments, needed):
    """ "Servers ... SHOULD respond with HTTP 403 Forbidden ... insufficient_scope"; what was held stays named."""
    answer = connect(scope=held).modern("tools/call", {"name": tool, "arguments": arguments})
    assert answer.status_code == 403
    challenge = answer.headers["WWW-Authenticate"]
    assert 'error="insufficient_scope"' in challenge and f'scope="{needed}"' in challenge
    assert "oauth-protected-resource/mcp" in challenge
    error = answer.json["error"]
    assert answer.json["id"] and error["data"]["scope"] == needed
    # What the assistant reads: what it lacks, who can help, and that it should not go on trying.
    assert "needs the scope" in error["message"] and "trying again does not help" in error["message"]
    # Many programs show the sentence and ask nobody.
    assert "they connect it again and tick it" in error["message"]


def test_what_is_wrong_with_arguments_is_said_so_that_an_assistant_can_act(agent):
    """ "Input validation errors ... SHOULD be reported as tool execution errors"."""
    result = agent.call("save_memory", title="", colour="red")
    assert result["isError"] and "structuredContent" not in result
    text = result["content"][0]["text"]
    assert "title: Must have at least 1 character." in text and "text: Is required." in text and "colour: " in text
    assert agent.call("update_memory", id="mry_1")["content"][0]["text"].startswith("title: Name at least one field")
    assert agent.call("update_memory", title="x")["content"][0]["text"] == "id: Is required."
    assert agent.call("search_memories", cursor="x")["isError"]


def test_whoever_fills_in_the_defaults_changes_what_they_name_alone(agent):
    saved = agent.call("save_memory", title="A", text="B", folder="Trips", tags=["one"])["structuredContent"]
    schema = TOOLS["update_memory"].describe()["inputSchema"]
    filled = {name: one["default"] for name, one in schema["properties"].items() if "default" in one}
    changed = agent.call("update_memory", **filled | {"id": saved["id"], "title": "C"})["structuredContent"]
    assert changed == saved | {"title": "C", "updated_at": changed["updated_at"]}


def test_a_memento_that_is_not_open_is_no_search_without_results(shelf, connect):
    """An assistant that gives a name, or an id of yesterday, would take an empty result for the truth."""
    trips = shelf.memento("Trips", (shelf.connect(), "Trips"))
    agent = connect(trips)
    for memento in ("Trips", "mem_000000000000000000000000", "all"):
        result = agent.call("search_memories", memento=memento)
        assert result["isError"] and "list_mementos tells those that are" in result["content"][0]["text"]
    assert agent.call("search_memories", memento=trips)["isError"] is False
    assert agent.call("search_memories", memento="our trips")["isError"]


def test_a_source_that_is_not_open_is_no_search_without_results_either(shelf, connect):
    """Assistants give the kind of a source, or its name, which look like ids."""
    drive, mail = shelf.connect(), shelf.connect("gmail")
    shelf.keep("Lisbon", drive, folder="Trips")
    shelf.keep("Rent", mail)
    agent = connect(shelf.memento("Trips", (drive, "Trips")))
    assert agent.titles(integration=drive) == ["Lisbon"]
    for source in ("google_drive", "slack", mail):
        result = agent.call("search_memories", integration=source)
        assert result["isError"] and "integration_id" in result["content"][0]["text"]


@each("end", ["2026-01-01", "2025-12-31T23:59:59Z"])
def test_a_time_that_ends_before_it_begins_is_no_search_without_results_either(agent, end):
    """Assistants give one day twice for what happened on it."""
    result = agent.call("search_memories", **{"from": "2026-01-01", "to": end})
    assert result["isError"] and result["content"][0]["text"].startswith("to: Must be later than 'from'")
    assert agent.call("search_memories", **{"from": "2026-01-01", "to": "2026-01-02"})["isError"] is False


def test_one_memory_alone_opens_its_source(shelf, connect):
    drive = shelf.connect()
    id = shelf.keep("Lisbon", drive)
    shelf.keep("Rent", drive)
    assert connect(shelf.memento("One", id)).titles(integration=drive) == ["Lisbon"]


def test_who_may_see_everything_may_name_that(shelf, agent):
    shelf.keep("Lisbon", shelf.connect())
    assert agent.titles(memento="all") == ["Lisbon"]


def test_what_may_only_be_read_says_where_the_person_decides_that(shelf, connect):
    drive = shelf.connect()
    id = shelf.keep("Lisbon", drive, folder="Trips")
    agent = connect(shelf.memento("Trips", (drive, "Trips")))
    for refused in (agent.call("update_memory", id=id, title="x"), agent.call("forget_memory", id=id)):
        assert refused["isError"] and "manage_url" in refused["content"][0]["text"]
    assert agent.call("list_mementos")["structuredContent"]["manage_url"].endswith(f"/account/apps/{agent.grant_id}/")


def test_a_tool_without_arguments_says_so(agent):
    assert agent.call("list_mementos", x=1)["content"][0]["text"] == "x: There is no such field; send none."


@each("params", [{"name": "no_such_tool"}, {"name": 3}, {}, {"name": "get_memory", "arguments": []}])
def test_a_tool_that_does_not_exist_and_a_malformed_call_are_invalid_params(agent, params):
    answer = agent.legacy("tools/call", params)
    assert (answer.status_code, answer.json["error"]["code"]) == (200, -32602)


def test_each_argument_has_one_type():
    """Gemini refuses every request of a person who has an agent with a tool whose argument may also be null."""
    for tool in TOOLS.values():
        for name, one in tool.describe()["inputSchema"]["properties"].items():
            assert isinstance(one["type"], str) and one.get("items", {"type": "string"})["type"] == "string", name


def test_an_argument_that_is_null_counts_as_left_out(shelf, agent):
    shelf.keep("Lisbon", shelf.connect())
    assert agent.titles(query=None, memento=None, tag=None, limit=None) == ["Lisbon"]


def test_an_argument_that_is_empty_counts_as_left_out(shelf, agent):
    """Many assistants fill in each argument that there is. An empty tag found nothing, and nobody was told why."""
    shelf.keep("Lisbon", shelf.connect())
    empty = dict.fromkeys(("query", "memento", "integration", "tag", "from", "to", "cursor", "limit"), "")
    assert agent.titles(**empty) == ["Lisbon"]
    assert not agent.call("save_memory", title="A", text="B", integration_id="", source_url="", folder="")["isError"]
    assert agent.call("save_memory", title="A", text="")["isError"]
    assert agent.call("get_memory", id="")["isError"]


def test_an_empty_field_of_a_change_says_something(agent):
    id = agent.call("save_memory", title="A", text="B", folder="Trips")["structuredContent"]["id"]
    assert agent.call("update_memory", id=id, folder="")["structuredContent"]["folder"] == ""
    assert agent.call("update_memory", id=id, text="")["isError"]


def test_what_was_not_done_is_not_kept(agent):
    assert agent.call("update_memory", id="mry_1", title="x")["isError"]
    assert agent.titles() == []


def test_every_call_leaves_a_receipt(app, shelf, agent):
    shelf.keep("Lisbon", shelf.connect())
    agent.titles(query="lisbon")
    agent.call("save_memory", title="Cod", text="With chips.")
    app.extensions["services"].notes.of(AccessLog).flush()
    with app.app_context():
        records = db.session.query(AccessRecord).filter_by(grant_id=agent.grant_id, memento_key="")
        assert {(record.action, record.count) for record in records} == {("read", 1), ("write", 1)}


@each("tool", TOOLS)
def test_each_tool_leaves_one(app, shelf, agent, tool):
    """Also one that finds nothing, or reads no memory at all."""
    arguments = {"title": "Cod", "text": "With chips."} if tool in ("save_memory", "update_memory") else {}
    if tool in ("get_memory", "update_memory", "forget_memory"):
        arguments["id"] = agent.call("save_memory", title="Salmon", text="With dill.")["structuredContent"]["id"]
    log = app.extensions["services"].notes.of(AccessLog)
    log.flush()
    with app.app_context():
        db.session.query(AccessRecord).delete()
        db.session.commit()
    assert agent.call(tool, **arguments)["isError"] is False
    log.flush()
    with app.app_context():
        [record] = db.session.query(AccessRecord).filter_by(grant_id=agent.grant_id, memento_key="")
        assert record.action == ("write" if TOOLS[tool].operation.changes else "read")


def test_a_paused_connection_says_so(app, agent, change_consent, notebook):
    change_consent(notebook, paused_at=clock.now())
    answer = agent.modern("tools/list")
    assert answer.status_code == 401 and "paused" in answer.json["error"]["message"]


def test_an_organization_has_its_own_memories_and_no_mementos(app, notebook):
    token = notebook.client_credentials(resource=RESOURCE).json["access_token"]
    agent = Agent(app, token)
    assert agent.call("save_memory", title="Cod", text="With chips.")["isError"] is False
    assert agent.titles() == ["Cod"]
    assert "only people have mementos" in agent.call("list_mementos")["content"][0]["text"]


def test_a_program_without_a_person_is_not_told_to_ask_one(app, notebook):
    token = notebook.client_credentials(resource=RESOURCE, scope="memories:read").json["access_token"]
    answer = Agent(app, token).modern("tools/call", {"name": "forget_memory", "arguments": {"id": "mry_1"}})
    message = answer.json["error"]["message"]
    assert answer.status_code == 403 and "person" not in message
    assert "needs the scope memories:write" in message and "token endpoint" in message


def test_nobody_else_sees_it(app, connect, shelf, bob, agent):
    other = type(shelf)(app, user_id=bob.id)
    id = other.keep("Bob's", other.connect())
    assert agent.titles() == [] and agent.call("get_memory", id=id)["isError"]
    with app.app_context():
        assert db.session.query(Consent).count() == 1
