"""The Model Context Protocol over HTTP: its MUSTs, one by one, in both eras."""

import base64
import tomllib
from pathlib import Path

from app.mcp.dispatch import VERSION
from app.mcp.messages import LEGACY, MODERN, SPOKEN
from tests.mcp.conftest import META
from tests.mcp.conftest import VERSION as VERSION_SPOKEN
from tests.tables import each

# -- who may call ----------------------------------------------------------------------------------


def test_without_a_token_there_is_a_challenge_that_leads_to_the_metadata(app, stranger):
    """ "MCP servers MUST use the WWW-Authenticate header" (authorization)."""
    answer = stranger.modern("tools/list")
    assert answer.status_code == 401
    [challenge] = answer.headers.getlist("WWW-Authenticate")
    assert challenge.startswith("Bearer ") and "error=" not in challenge
    assert 'scope="memories:read memories:write"' in challenge
    address = challenge.partition('resource_metadata="')[2].partition('"')[0]
    metadata = app.test_client().get(address.removeprefix("http://127.0.0.1:8000")).json
    assert metadata["resource"] == "http://127.0.0.1:8000/mcp"
    assert metadata["authorization_servers"] == ["http://127.0.0.1:8000"]
    # Whoever waits for the answer to a message gets it as one.
    assert answer.json["id"] and answer.json["error"]["message"]


def test_a_token_that_is_no_good_is_an_invalid_token(stranger):
    """ "Invalid or expired tokens MUST receive a HTTP 401 response"."""
    stranger.access_token = "rlq_at_" + "0" * 64
    answer = stranger.modern("tools/list")
    assert answer.status_code == 401 and 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_token_for_the_api_is_none_here(notebook, signed_in, stranger):
    """ "MCP servers MUST validate that access tokens were issued specifically for them"."""
    stranger.access_token = notebook.tokens(signed_in)["access_token"]
    answer = stranger.modern("tools/list")
    assert answer.status_code == 401
    assert "resource=http://127.0.0.1:8000/mcp, when the person authorizes" in answer.json["error"]["message"]


@each("method", ["GET", "DELETE", "PUT", "PATCH"])
def test_there_is_no_stream_and_no_session(app, agent, method):
    """Who may not call at all is told that first: some clients begin with a GET."""
    assert app.test_client().open("/mcp", method=method).status_code == 401
    answer = app.test_client().open("/mcp", method=method, headers={"Authorization": f"Bearer {agent.access_token}"})
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_a_web_page_may_call_only_if_the_app_has_registered_its_origin(agent, notebook, register_origin):
    """ "If the Origin header is present and invalid, servers MUST respond with HTTP 403 Forbidden"."""
    assert agent.modern("tools/list", Origin="https://evil.example").status_code == 403
    assert agent.modern("tools/list", Origin="null").status_code == 403
    assert agent.modern("tools/list", Origin="http://127.0.0.1:8000").status_code == 200
    register_origin(notebook, "https://notebook.acme.example")
    answer = agent.modern("tools/list", Origin="https://notebook.acme.example")
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "https://notebook.acme.example"
    assert {"WWW-Authenticate", "X-Request-ID"} <= set(answer.headers["Access-Control-Expose-Headers"].split(", "))


def test_another_apps_page_may_not_call_with_this_apps_token(agent, pocket, register_origin):
    """Neither with one that has run out, which would tell it more than that."""
    register_origin(pocket, "https://pocket.acme.example")
    assert agent.modern("tools/list", Origin="https://pocket.acme.example").status_code == 403
    assert agent.legacy("initialize", Origin="https://pocket.acme.example").status_code == 403


def test_a_page_without_a_token_is_led_to_sign_in_only_where_some_app_is_at_home(stranger, notebook, register_origin):
    assert stranger.modern("tools/list", Origin="https://notebook.acme.example").status_code == 403
    register_origin(notebook, "https://notebook.acme.example")
    assert stranger.modern("tools/list", Origin="https://notebook.acme.example").status_code == 401


# -- the body --------------------------------------------------------------------------------------


@each(
    ("body", "code"),
    [
        ("{", -32700),
        ("\xff", -32700),
        ("[]", -32600),
        ('{"jsonrpc": "2.0", "id": null, "method": "ping"}', -32600),
        ('{"jsonrpc": "2.0", "id": true, "method": "ping"}', -32600),
        ('{"jsonrpc": "2.0", "id": 1.5, "method": "ping"}', -32600),
        ('{"jsonrpc": "2.0", "id": "\\ud800", "method": "ping"}', -32600),
        (f'{{"jsonrpc": "2.0", "id": {2**70}, "method": "ping"}}', -32600),
        ('{"jsonrpc": "1.0", "id": 1, "method": "ping"}', -32600),
        ('{"jsonrpc": "2.0", "id": 1, "method": 2}', -32600),
        ('{"jsonrpc": "2.0", "id": 1, "result": {}}', -32600),
        ('{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}', -32602),
        ("3", -32600),
    ],
)
def test_the_body_is_one_request_or_notification(app, agent, body, code):
    """ "The body of the HTTP POST MUST be a single JSON-RPC request or notification"."""
    headers = {"Authorization": f"Bearer {agent.access_token}", "Content-Type": "application/json"}
    answer = app.test_client().post("/mcp", data=body.encode("latin-1"), headers=headers)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, code)


def test_a_refusal_repeats_no_half_character(app):
    body = '{"jsonrpc": "2.0", "id": "\\ud800", "method": "ping"}'
    answer = app.test_client().post("/mcp", data=body, content_type="application/json")
    assert answer.status_code == 401 and "id" not in answer.json


def test_null_is_as_if_left_out(agent):
    """Clients of some languages write it for what they have nothing for."""
    for message in ({"method": "ping", "params": None}, {"method": "tools/list", "params": {"_meta": None}}):
        assert "result" in agent.post({"jsonrpc": "2.0", "id": 1} | message).json
    answer = agent.legacy("tools/call", {"name": "list_mementos", "arguments": None})
    assert answer.json["result"]["isError"] is False


def test_a_request_without_an_id_is_not_accepted(agent):
    """ "Requests MUST include a string or integer ID"; what cannot be accepted MUST be an error of HTTP: nothing was done."""
    arguments = {"title": "Cod", "text": "With chips."}
    message = {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "save_memory", "arguments": arguments}}
    answer = agent.post(message)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, -32600) and agent.titles() == []
    assert agent.post({"jsonrpc": "2.0", "method": "notifications/anything"}).status_code == 202


def test_another_type_of_body_is_refused(app, agent):
    headers = {"Authorization": f"Bearer {agent.access_token}"}
    assert app.test_client().post("/mcp", data="{}", headers=headers).status_code == 415


@each("id", [0, -1, 1, 2**62, -(2**62), "", "a", "\N{ELEPHANT}"])
def test_the_id_comes_back_as_it_was(agent, id):
    """ "Responses MUST include the same ID as the request they correspond to"."""
    answer = agent.post({"jsonrpc": "2.0", "id": id, "method": "ping"})
    assert answer.json == {"jsonrpc": "2.0", "id": id, "result": {}}


def test_a_notification_is_accepted_without_a_body(agent):
    """ "the server MUST return HTTP status code 202 Accepted with no body"."""
    answer = agent.post({"jsonrpc": "2.0", "method": "notifications/initialized"})
    assert (answer.status_code, answer.data, answer.content_type) == (202, b"", None)


@each("message", [{"jsonrpc": "2.0"}, {"jsonrpc": "1.0", "method": "notifications/initialized"}])
def test_a_notification_that_cannot_be_accepted_is_an_error(agent, message):
    """ "If the server cannot accept it, it MUST return an HTTP error status code"."""
    answer = agent.post(message)
    assert answer.status_code == 400 and "id" not in answer.json and answer.json["error"]["message"]


@each("accept", [None, "application/json, text/event-stream", "text/event-stream", "*/*"])
def test_the_answer_is_one_json_object_whatever_is_accepted(agent, accept):
    """ "the server MUST return either Content-Type: application/json ... or text/event-stream ... The client MUST
    support both".
    """
    answer = agent.modern("tools/list", Accept=accept)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")


@each("era", ["modern", "legacy"])
def test_there_are_no_sessions_and_nothing_is_resumed(agent, era):
    """ "An Mcp-Session-Id header on a request: ignore it, and do not mint or echo session IDs"; "A Last-Event-ID header:
    ignore it".
    """
    answer = getattr(agent, era)("tools/list", Mcp_Session_Id="1868a90c", Last_Event_ID="42")
    assert answer.status_code == 200 and "Mcp-Session-Id" not in answer.headers
    assert "Mcp-Session-Id" not in agent.legacy("initialize", {"protocolVersion": LEGACY[-1]}).headers


# -- the modern era --------------------------------------------------------------------------------


def test_a_server_says_what_it_speaks_and_can(agent):
    """ "Servers MUST implement it" (server/discover)."""
    result = agent.modern("server/discover").json["result"]
    assert result["resultType"] == "complete"
    assert result["supportedVersions"] == SPOKEN
    assert result["capabilities"] == {"tools": {"listChanged": False}}
    assert result["serverInfo"]["name"] == "reliquary" and result["instructions"]
    assert result["_meta"]["io.modelcontextprotocol/serverInfo"] == result["serverInfo"]
    assert result["ttlMs"] > 0 and result["cacheScope"] == "public"


@each("name", ["MCP_Protocol_Version", "Mcp_Method"])
@each("value", [None, "2025-11-25", "tools/call"])
def test_the_headers_say_what_the_body_says(agent, name, value):
    """ "the server MUST reject the request with 400 Bad Request and a HeaderMismatch JSON-RPC error"."""
    answer = agent.modern("tools/list", **{name: value})
    assert (answer.status_code, answer.json["error"]["code"]) == (400, -32020)


@each("value", [None, "get_memory", "SEARCH_MEMORIES", "=?base64?!!?=", "=?base64?/w==?="])
def test_the_name_of_a_tool_is_said_twice(agent, value):
    answer = agent.modern("tools/call", {"name": "search_memories"}, Mcp_Name=value)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, -32020)


def test_a_header_may_come_in_base64(agent):
    value = f"=?base64?{base64.b64encode(b'search_memories').decode()}?="
    assert agent.modern("tools/call", {"name": "search_memories"}, Mcp_Name=value).status_code == 200


def test_the_names_of_headers_are_read_in_any_case(agent):
    """ "Clients and servers MUST use case-insensitive comparisons for header names. Header values ... are
    case-sensitive".
    """
    shouted = {"MCP_Protocol_Version": None, "Mcp_Method": None, "mcp_protocol_VERSION": VERSION_SPOKEN}
    assert agent.modern("tools/list", **shouted, MCP_METHOD="tools/list").status_code == 200
    assert agent.modern("tools/list", **shouted, MCP_METHOD="Tools/List").status_code == 400


def test_a_header_that_is_not_recognized_is_ignored(agent):
    """No tool names headers of its own for its arguments, so none is expected, and none refused."""
    answer = agent.modern("tools/call", {"name": "list_mementos"}, Mcp_Param_Region="=?base64?!!?=")
    assert answer.status_code == 200


@each("left_out", list(META)[:2])
def test_the_metadata_of_a_request_is_complete(agent, left_out):
    meta = {name: value for name, value in META.items() if name != left_out}
    answer = agent.modern("tools/list", {"_meta": meta})
    assert (answer.status_code, answer.json["error"]["code"]) == (400, -32602)


def test_a_modern_header_over_a_body_without_metadata_is_told_what_is_missing(agent):
    answer = agent.legacy("tools/list", MCP_Protocol_Version="2026-07-28", Mcp_Method="tools/list")
    assert (answer.status_code, answer.json["error"]["code"]) == (400, -32602)


def test_who_the_client_is_need_not_be_said(agent):
    meta = {name: value for name, value in META.items() if "clientInfo" not in name}
    assert agent.modern("tools/list", {"_meta": meta}).status_code == 200


@each(
    ("version", "supported"),
    [("2099-01-01", SPOKEN), ("x" * 500, SPOKEN), ("2025-11-25", [*MODERN])],
)
def test_a_version_that_is_not_served_is_told_those_that_are(agent, version, supported):
    """ "it MUST respond with 400 Bad Request and an UnsupportedProtocolVersionError": the Python client goes on with one
    of the older ones where they are named, and else gives up.
    """
    meta = META | {"io.modelcontextprotocol/protocolVersion": version}
    answer = agent.modern("tools/list", {"_meta": meta}, MCP_Protocol_Version=version)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, -32022)
    assert answer.json["error"]["data"] == {"supported": supported, "requested": version[:100]}


@each("method", ["ping", "initialize", "resources/list", "subscriptions/listen", "nothing"])
def test_an_unknown_method_is_not_found(agent, method):
    """ "it MUST respond with 404 Not Found and a JSON-RPC error with code -32601"."""
    answer = agent.modern(method)
    assert (answer.status_code, answer.json["error"]["code"]) == (404, -32601)


# -- the legacy era --------------------------------------------------------------------------------


@each("version", [*LEGACY, "1999-01-01", None])
def test_an_old_client_begins_with_its_version(agent, version):
    result = agent.legacy("initialize", {"protocolVersion": version, "capabilities": {}}).json["result"]
    assert result["protocolVersion"] == (version if version in LEGACY else LEGACY[-1])
    assert result["serverInfo"]["name"] == "reliquary" and "resultType" not in result and "_meta" not in result


@each("version", [*LEGACY, None])
def test_an_old_client_may_name_its_version_in_each_request(agent, version):
    answer = agent.legacy("tools/list", MCP_Protocol_Version=version)
    assert answer.status_code == 200 and set(answer.json["result"]) == {"tools"}


def test_another_version_in_the_header_is_refused(agent):
    """Who shows its person nothing but the sentence is told there what would do."""
    answer = agent.legacy("tools/list", MCP_Protocol_Version="1999-01-01")
    assert answer.status_code == 400 and all(one in answer.json["error"]["message"] for one in (*MODERN, *LEGACY))


def test_an_unknown_method_is_an_error_in_an_answer(agent):
    answer = agent.legacy("resources/list")
    assert (answer.status_code, answer.json["error"]["code"]) == (200, -32601)


def test_the_version_told_is_that_of_the_project():
    project = Path(__file__).resolve().parent.parent.parent / "pyproject.toml"
    assert tomllib.loads(project.read_text())["project"]["version"] == VERSION


# -- pages of a list -------------------------------------------------------------------------------


@each(("cursor", "is_found"), [(None, True), ("", True), ("eyJwYWdlIjogM30=", False), (3, False)])
def test_a_cursor_that_was_never_given_out_is_none(agent, cursor, is_found):
    """ "Invalid cursors SHOULD result in an error with code -32602 (Invalid params)": a second page would be the first."""
    for answer in (agent.modern("tools/list", {"cursor": cursor}), agent.legacy("tools/list", {"cursor": cursor})):
        assert "error" not in answer.json if is_found else answer.json["error"]["code"] == -32602
