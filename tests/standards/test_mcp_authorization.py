"""The authorization page of the Model Context Protocol, 2026-07-28: what it demands of its two servers."""

import re

import pytest

from app.consents.models import Consent
from app.extensions import db
from app.mcp.tools import TOOLS
from tests.actors import Browser
from tests.integrator import Integrator
from tests.standards.conftest import API, ISSUER, MCP, WELL_KNOWN_RESOURCE
from tests.tables import each

_CALLBACK = "http://127.0.0.1:33418/callback"
_AGENT = {"client_name": "Pocket Agent", "redirect_uris": [_CALLBACK]}


@pytest.fixture
def agent(app, client) -> Integrator:
    """An agent that has registered itself, and asks for what the challenge names."""
    told = client.post("/oauth/register", json=_AGENT).json
    return Integrator(app, told["client_id"], None, told["redirect_uris"][0], "memories:read memories:write")


@pytest.fixture
def connect(agent, signed_in):
    """Have Alice allow the agent everything that it asks for; its tokens."""
    return lambda **changes: agent.tokens(signed_in, choose={"selection": "all"}, **({"resource": MCP} | changes))


def read_scope(answer) -> set[str]:
    return set(re.search(r'scope="([^"]*)"', answer.headers["WWW-Authenticate"])[1].split())


def test_a_client_finds_its_way_from_the_memory_server_alone(client, call_tool):
    """ "MCP servers MUST implement OAuth 2.0 Protected Resource Metadata"; "authorization servers MUST provide at least
    one of the following discovery mechanisms: OAuth 2.0 Authorization Server Metadata, OpenID Connect Discovery".
    """
    answer = call_tool(None)
    address = re.search(r'resource_metadata="([^"]*)"', answer.headers["WWW-Authenticate"])[1]
    resource = client.get(address.removeprefix(ISSUER)).json
    [issuer] = resource["authorization_servers"]
    server = client.get(f"{issuer.removeprefix(ISSUER)}/.well-known/oauth-authorization-server").json
    assert resource["resource"] == MCP and server["issuer"] == issuer
    assert {"registration_endpoint", "authorization_endpoint", "token_endpoint"} <= server.keys()


def test_what_an_ordinary_agent_needs_is_asked_for_at_once(client, call_tool, connect):
    """ "MCP servers SHOULD include a scope parameter in the WWW-Authenticate header": read and write."""
    scope = " ".join(sorted(read_scope(call_tool(None))))
    assert scope == "memories:read memories:write"
    token = connect(scope=scope)["access_token"]
    assert call_tool(token).status_code == 200
    saved = call_tool(token, "save_memory", title="Tickets", text="In the blue folder.").json["result"]
    assert saved["isError"] is False


def test_an_agent_is_told_of_the_scopes_that_its_tools_use_alone(client):
    """ "If scope is not available, use all scopes defined in scopes_supported": each is a line on the person's screen."""
    told = client.get(WELL_KNOWN_RESOURCE + "/mcp").json["scopes_supported"]
    assert set(told) == {scope for tool in TOOLS.values() for scope in tool.operation.scopes}


@each(("resource", "more"), [(MCP, ""), (API, " integrations:read integrations:write profile")])
@pytest.mark.parametrize("signs_in", [False, True], ids=["signed in", "signs in on the way"])
def test_who_asks_for_no_scope_asks_for_what_is_of_use_there(app, client, alice, resource, more, signs_in):
    agent = Integrator(app, client.post("/oauth/register", json=_AGENT).json["client_id"], None, _CALLBACK, None)
    browser = Browser(app)
    if not signs_in:
        browser.enter(alice)
    page = agent.start(browser, scope=None, resource=resource)
    if signs_in:
        page = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    page = browser.follow(browser.submit(page, press="Continue", selection="all"))
    code = agent.answer(browser.submit(page, press="Authorize"))["code"]
    assert agent.exchange(code).json["scope"] == f"memories:read memories:write{more}"


@pytest.mark.parametrize("resource", [MCP, API, ISSUER])
def test_offline_access_is_no_scope_of_a_resource(client, call_tool, resource):
    """ "MCP Servers SHOULD NOT include offline_access in WWW-Authenticate scope or Protected Resource Metadata"."""
    told = client.get(WELL_KNOWN_RESOURCE + resource.removeprefix(ISSUER)).json
    assert "offline_access" not in told["scopes_supported"] and "offline_access" not in read_scope(call_tool(None))


def test_a_token_comes_in_the_header_of_every_request(app, call_tool, connect):
    """ "authorization MUST be included in every HTTP request from client to server", and nothing is remembered."""
    token = connect()["access_token"]
    assert [call_tool(one).status_code for one in (token, None, token)] == [200, 401, 200]


@pytest.mark.parametrize("place", ["query", "body"])
def test_a_token_anywhere_else_is_none(app, connect, place):
    """ "Access tokens MUST NOT be included in the URI query string"."""
    token = connect()["access_token"]
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"} | ({"access_token": token} if place == "body" else {})
    path = f"/mcp?access_token={token}" if place == "query" else "/mcp"
    assert app.test_client().post(path, json=message).status_code == 401


def test_only_tokens_for_this_server_are_taken(notebook, call_tool, connect):
    """ "MCP servers MUST validate that access tokens were issued specifically for them as the intended audience"; they
    "MUST NOT accept or transit any other tokens".
    """
    assert call_tool(connect()["access_token"]).status_code == 200
    for_the_api = connect(resource=API)["access_token"]
    answer = call_tool(for_the_api)
    assert answer.status_code == 401 and 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert notebook.is_alive(for_the_api)


def test_a_token_that_has_ended_is_refused(call_tool, connect, let_time_pass):
    """ "Invalid or expired tokens MUST receive a HTTP 401 response"."""
    token = connect()["access_token"]
    let_time_pass(hours=1, seconds=1)
    answer = call_tool(token)
    assert answer.status_code == 401 and 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_what_is_missing_is_challenged_once_and_whole(agent, call_tool, connect):
    """ "servers SHOULD include all scopes required for the current operation in a single challenge", with
    ``resource_metadata``, "for consistency with 401 responses".
    """
    answer = call_tool(connect(scope="integrations:read")["access_token"], "update_memory", id="mry_1", title="b")
    assert answer.status_code == 403
    challenge = answer.headers["WWW-Authenticate"]
    assert 'error="insufficient_scope"' in challenge and f"{WELL_KNOWN_RESOURCE}/mcp" in challenge
    step_up = connect(scope=" ".join(read_scope(answer)))["access_token"]
    assert call_tool(step_up, "update_memory", id="mry_1", title="b").status_code == 200


def test_each_answer_names_its_issuer(client, agent, signed_in, metadata):
    """ "MCP authorization servers SHOULD include the iss parameter in authorization responses, including error
    responses"; those that do "MUST advertise this by setting authorization_response_iss_parameter_supported".
    """
    assert metadata["authorization_response_iss_parameter_supported"] is True
    # The integrator demands it of every answer.
    assert "error" in agent.answer(agent.start(signed_in, response_type="token"))
    assert "code" in agent.authorize(signed_in, resource=MCP)


def test_pkce_is_told_and_demanded(agent, signed_in, metadata):
    """ "If code_challenge_methods_supported is absent, the authorization server does not support PKCE and MCP clients
    MUST refuse to proceed".
    """
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    for change in ({"code_challenge": None, "code_challenge_method": None}, {"code_challenge_method": "plain"}):
        assert agent.answer(agent.start(signed_in, resource=MCP, **change))["error"] == "invalid_request"
    code = agent.code(signed_in, resource=MCP)
    assert agent.exchange(code, code_verifier="x" * 43).json["error"] == "invalid_grant"


def test_the_person_is_asked_for_each_agent(app, agent, signed_in, connect):
    """ "MCP proxy servers ... MUST obtain user consent for each dynamically registered client": there is no answer
    without the screen.
    """
    connect()
    assert agent.start(signed_in, resource=MCP).status_code == 200
    with app.app_context():
        assert db.session.query(Consent).count() == 1


def test_the_endpoints_are_where_old_clients_look_for_them(app, client, signed_in):
    """Clients without metadata "MUST use the following default endpoint paths": /authorize, /token, /register."""
    told = client.post("/register", json=_AGENT).json
    agent = Integrator(app, told["client_id"], None, told["redirect_uris"][0], "memories:read")
    page = agent.start(signed_in, "/authorize", resource=MCP)
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    code = agent.answer(signed_in.submit(page, press="Authorize"))["code"]
    tokens = agent.exchange(code, "/token").json
    assert tokens["access_token"]
    refreshed = agent.post("/token", {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
    assert refreshed.status_code == 200
