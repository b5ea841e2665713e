"""Resource indicators (:rfc:`8707`), on each of the four ways to a token."""

import pytest

from tests.standards.conftest import API, ISSUER, MCP

_WRONG = {
    "relative": "/mcp",
    "without a scheme": "127.0.0.1:8000/mcp",
    "fragment": f"{MCP}#tools",
    "elsewhere": "https://elsewhere.example/",
    "looks alike": f"{ISSUER}.evil.example/mcp",
    "nonsense": "%%%",
}


@pytest.fixture(params=_WRONG.values(), ids=_WRONG)
def wrong(request) -> str:
    """What is no resource here."""
    return request.param


def test_authorize_refuses_it(notebook, signed_in, wrong):
    """ "Its value MUST be an absolute URI ... The URI MUST NOT include a fragment component"; if the server "fails to
    parse the provided value(s) or does not consider the resource(s) acceptable", it is ``invalid_target`` (section 2).
    """
    assert notebook.answer(notebook.start(signed_in, resource=wrong))["error"] == "invalid_target"


def test_a_code_is_not_redeemed_for_it(notebook, signed_in, wrong):
    code = notebook.code_by_consent(signed_in, resource=MCP)
    answer = notebook.exchange(code, resource=wrong)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_target")
    assert notebook.exchange(code, resource=MCP).status_code == 200


def test_a_refresh_token_is_not_used_for_it(notebook, tokens, wrong):
    answer = notebook.refresh(tokens["refresh_token"], resource=wrong)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_target")
    assert notebook.refresh(tokens["refresh_token"]).status_code == 200


def test_an_organization_gets_no_token_for_it(notebook, wrong):
    answer = notebook.client_credentials(resource=wrong)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_target")


@pytest.mark.parametrize("resource", [API, MCP])
def test_the_token_is_for_what_was_asked_for_and_for_nothing_else(notebook, signed_in, call_tool, resource):
    """ "The authorization server SHOULD audience-restrict issued access tokens to the resource(s) indicated"."""
    first = notebook.tokens(signed_in, resource=resource)
    again = notebook.refresh(first["refresh_token"], resource=resource).json
    for tokens in (first, again, notebook.client_credentials(resource=resource).json):
        token = tokens["access_token"]
        assert notebook.introspect(token).json["aud"] == resource
        answers = {API: notebook.me(token, "/api/v1/memories/").status_code, MCP: call_tool(token).status_code}
        assert answers == {API: 401, MCP: 401} | {resource: 200}


def test_who_asked_for_none_gets_one_for_the_api_alone(notebook, signed_in):
    """ "... a default resource value": whoever redeems the code cannot make more of it."""
    code = notebook.code_by_consent(signed_in)
    assert notebook.exchange(code, resource=MCP).json["error"] == "invalid_target"
    assert notebook.introspect(notebook.exchange(code).json["access_token"]).json["aud"] == API


def test_several_may_be_asked_for_and_one_is_taken_at_a_time(notebook, signed_in):
    """ "Multiple resource parameters MAY be used to indicate that the requested token is intended to be used at
    multiple resources" (section 2).
    """
    code = notebook.code(signed_in, resource=[API, MCP])
    assert notebook.exchange(code, resource=[API, MCP]).json["error"] == "invalid_target"
    tokens = notebook.exchange(code, resource=API).json
    assert notebook.introspect(tokens["access_token"]).json["aud"] == API
    tokens = notebook.refresh(tokens["refresh_token"], resource=MCP).json
    assert notebook.introspect(tokens["access_token"]).json["aud"] == MCP
