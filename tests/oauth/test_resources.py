"""Resource indicators (:rfc:`8707`): which resource a token is for, and that no other takes it."""

import pytest
from sqlalchemy import select

from app.consents.models import Consent
from app.extensions import db
from app.oauth.resources import choose_resource, find_own_resource, put_first
from tests.tables import each

ISSUER = "http://127.0.0.1:8000"
API, MCP = f"{ISSUER}/api/v1", f"{ISSUER}/mcp"


def audience(notebook, token: str):
    return notebook.introspect(token).json["aud"]


@each("path", ["", "/", "/api", "/api/", "/api/v1", "/api/v1/"])
def test_the_api_has_several_names(path):
    assert find_own_resource(ISSUER + path, ISSUER) == "api"


@each("address", [MCP, f"{MCP}/", "HTTP://127.0.0.1:8000/mcp"])
def test_agents_may_spell_the_memory_server_as_somebody_typed_it(notebook, address):
    """ "implementations SHOULD accept uppercase scheme and host components for robustness and interoperability"."""
    assert audience(notebook, notebook.client_credentials(resource=address).json["access_token"]) == MCP


def test_the_host_of_a_name_may_be_in_capitals():
    issuer = "https://memories.example"
    assert find_own_resource("HTTPS://Memories.Example/mcp", issuer) == "mcp"
    assert find_own_resource("https://memories.example@MEMORIES.example/mcp", issuer) is None
    assert find_own_resource("https://memories.example/HTTPS://memories.example/mcp", issuer) is None


@each(
    "address",
    [
        f"{MCP}//",
        f"{ISSUER}/MCP",
        f"see {MCP}",
        f"{ISSUER}/api/v2",
        f"{ISSUER}.evil.example",
        f"{ISSUER}//",
        "mcp",
        "",
        f"{MCP}#a",
        f"{MCP}?a",
    ],
)
def test_anything_else_is_no_resource_of_ours(address):
    assert find_own_resource(address, ISSUER) is None


def test_a_token_says_what_it_is_for(notebook, signed_in):
    """ "the authorization server ... the resulting audience of the token" (:rfc:`8707#section-2`)."""
    assert audience(notebook, notebook.tokens(signed_in)["access_token"]) == API
    assert audience(notebook, notebook.tokens(signed_in, resource=MCP)["access_token"]) == MCP


def test_a_token_for_the_memory_server_is_no_good_at_the_api(notebook, signed_in):
    token = notebook.tokens(signed_in, resource=MCP)["access_token"]
    answer = notebook.me(token)
    assert answer.status_code == 401 and 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert API in answer.json["message"]


def test_of_several_resources_the_token_endpoint_takes_one(notebook, signed_in):
    """ "a resource parameter ... to indicate which of the previously granted resources" (:rfc:`8707#section-2.2`)."""
    code = notebook.code(signed_in, resource=[API, MCP])
    refused = notebook.exchange(code, resource=[API, MCP])
    assert (refused.status_code, refused.json["error"]) == (400, "invalid_target")
    tokens = notebook.exchange(code, resource=MCP).json
    assert audience(notebook, tokens["access_token"]) == MCP
    assert audience(notebook, tokens["refresh_token"]) == [MCP, API]
    # Whoever then says nothing means the one that it used last.
    tokens = notebook.refresh(tokens["refresh_token"]).json
    assert audience(notebook, tokens["access_token"]) == MCP
    tokens = notebook.refresh(tokens["refresh_token"], resource=API).json
    assert audience(notebook, tokens["access_token"]) == API and notebook.is_alive(tokens["access_token"])


@pytest.mark.parametrize("asked", [None, API])
def test_a_resource_that_was_not_asked_for_is_an_invalid_target(notebook, signed_in, asked):
    """The person has never been shown it. Neither the code nor the refresh token is used up by the mistake."""
    code = notebook.code(signed_in, resource=asked)
    refused = notebook.exchange(code, resource=MCP)
    assert (refused.status_code, refused.json["error"]) == (400, "invalid_target")
    tokens = notebook.exchange(code).json
    refused = notebook.refresh(tokens["refresh_token"], resource=MCP)
    assert (refused.status_code, refused.json["error"]) == (400, "invalid_target")
    assert notebook.refresh(tokens["refresh_token"]).status_code == 200


def test_one_unknown_resource_among_several_is_an_invalid_target(notebook, signed_in):
    answer = notebook.answer(notebook.start(signed_in, resource=[API, "https://elsewhere.example/"]))
    assert answer["error"] == "invalid_target"


def test_an_organization_names_one_too(notebook):
    assert audience(notebook, notebook.client_credentials().json["access_token"]) == API
    assert audience(notebook, notebook.client_credentials(resource=MCP).json["access_token"]) == MCP
    assert notebook.client_credentials(resource=[API, MCP]).json["error"] == "invalid_target"


def test_another_resource_is_never_granted_without_the_screen(app, notebook, signed_in):
    """A live consent names what it was given for."""
    notebook.tokens(signed_in)
    page = notebook.start(signed_in, resource=MCP)
    assert page.status_code == 200 and "127.0.0.1:8000/mcp" in page.text
    notebook.answer(signed_in.submit(page, press="Authorize"))
    with app.app_context():
        assert set(db.session.scalar(select(Consent.resources)).split()) == {"api", "mcp"}
    # Now it is, for both.
    assert "code" in notebook.answer(notebook.start(signed_in, resource=MCP))
    assert "code" in notebook.answer(notebook.start(signed_in))


def test_an_agent_gets_what_it_may_have_of_all_that_it_asks_for(notebook, signed_in, change_client):
    """It asks for what our challenge names, and for more; at the API the same is refused."""
    change_client(notebook, scope="memories:read")
    asked = "memories:read memories:write unknown offline_access"
    tokens = notebook.tokens(signed_in, resource=MCP, scope=asked)
    assert tokens["scope"] == "memories:read offline_access"
    assert notebook.answer(notebook.start(signed_in, scope=asked))["error"] == "invalid_scope"
    nothing = notebook.start(signed_in, resource=MCP, scope="memories:write unknown")
    assert notebook.answer(nothing)["error"] == "invalid_scope"


@pytest.mark.parametrize("grace", [30, 0])
def test_whoever_asked_for_offline_access_is_told_so_each_time(notebook, signed_in, change_settings, grace):
    change_settings(refresh_token_grace=grace)
    tokens = notebook.tokens(signed_in, scope="memories:read offline_access")
    for _ in range(3):
        assert tokens["scope"] == "memories:read offline_access"
        tokens = notebook.refresh(tokens["refresh_token"]).json
    tokens = notebook.tokens(signed_in, scope="memories:read")
    assert notebook.refresh(tokens["refresh_token"]).json["scope"] == "memories:read"


def test_what_was_used_last_comes_first():
    assert put_first("mcp", "api mcp") == "mcp api" == put_first("mcp", "mcp api")
    assert choose_resource("mcp api", None, ISSUER, connection=None).name == "mcp"
