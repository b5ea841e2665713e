"""CORS: a web page reads our answers to a client only from an origin that the client has registered."""

import pytest

from app import clock
from tests.tables import each

ORIGIN, OTHER = "https://app.acme.example", "https://evil.example"
TOKEN, ME = "/oauth/token", "/api/me/"


@pytest.fixture
def web_app(register):
    """A client of Acme's that runs in a web page."""
    return register(request_origins=[ORIGIN, "http://localhost:3000"])


def preflight(app, path: str, origin: str = ORIGIN, method: str = "POST"):
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization",
    }
    return app.test_client().options(path, headers=headers)


def call(client, path: str, token: str, origin: str | None = ORIGIN):
    headers = {"Authorization": f"Bearer {token}"} | ({"Origin": origin} if origin else {})
    return client.app.test_client().get(path, headers=headers)


def ask_token(client, origin: str = ORIGIN, **changes):
    credentials = {"client_id": client.client_id, "client_secret": client.client_secret}
    data = {"grant_type": "client_credentials"} | credentials | changes
    return client.app.test_client().post(TOKEN, data=data, headers={"Origin": origin})


def allowed(response) -> str | None:
    """Whom the answer is for; what must hold of every answer is looked at on the way."""
    assert "Access-Control-Allow-Credentials" not in response.headers
    value = response.headers.get("Access-Control-Allow-Origin")
    assert value != "*"
    assert value is None or "Origin" in response.headers["Vary"]
    return value


@each("path", [TOKEN, "/api/v1/auth/oauth2/token/", "/oauth/revoke", ME, "/api/v1/me/"])
def test_preflight_is_answered_for_a_registered_origin_alone(app, web_app, path):
    response = preflight(app, path)

    assert response.status_code == 200
    assert allowed(response) == ORIGIN
    assert "Authorization" in response.headers["Access-Control-Allow-Headers"]
    assert "POST" in response.headers["Access-Control-Allow-Methods"]
    assert allowed(preflight(app, path, OTHER)) is None
    assert "Access-Control-Allow-Methods" not in preflight(app, path, OTHER).headers


@each(
    "origin",
    [
        "https://app.acme.example:443",
        "https://app.acme.example.evil.example",
        "https://APP.acme.example",
        "http://app.acme.example",
        "https://app.acme.exampl",
        "https://app.acme.example/",
        "https://app.acme.example https://evil.example",
        "http://localhost",
        "http://localhost:3001",
        "null",
        "*",
        "%",
        "_" * 24,
        "",
        "x" * 5000,
        "https://\u00fc.example",
    ],
)
def test_origins_are_compared_whole(app, web_app, origin):
    assert allowed(preflight(app, TOKEN, origin)) is None
    assert allowed(ask_token(web_app, origin)) is None


def test_answers_to_a_client_are_for_its_own_origins(app, web_app, register):
    other = register(request_origins=[OTHER])
    token = ask_token(web_app).json["access_token"]

    assert allowed(ask_token(web_app)) == ORIGIN
    assert allowed(call(web_app, ME, token)) == ORIGIN
    assert "WWW-Authenticate" in call(web_app, ME, token).headers["Access-Control-Expose-Headers"]
    # Registered, but by somebody else.
    assert allowed(preflight(app, TOKEN, OTHER)) == OTHER
    assert allowed(ask_token(web_app, OTHER)) is None
    assert allowed(call(web_app, ME, token, OTHER)) is None
    assert allowed(ask_token(other, ORIGIN)) is None


def test_errors_can_be_read_by_the_clients_own_pages(web_app, notebook):
    assert ask_token(web_app, grant_type="password").status_code == 400
    assert allowed(ask_token(web_app, grant_type="password")) == ORIGIN
    wrong = ask_token(web_app, client_secret="wrong")
    assert (wrong.status_code, allowed(wrong)) == (401, ORIGIN)
    # Notebook registered no origin.
    assert allowed(ask_token(notebook, client_secret="wrong")) is None


def test_answer_about_no_client_can_be_read_from_any_registered_origin(web_app):
    response = call(web_app, ME, "rlq_at_unknown")
    assert (response.status_code, allowed(response)) == (401, ORIGIN)
    assert allowed(call(web_app, ME, "rlq_at_unknown", OTHER)) is None
    assert allowed(ask_token(web_app, client_id="client_unknown")) == ORIGIN


def test_origins_of_suspended_clients_do_not_count_for_preflights(app, web_app, change_client):
    change_client(web_app, suspended_at=clock.now())
    assert allowed(preflight(app, TOKEN)) is None


def test_removed_origin_cannot_read_any_longer(app, web_app, change_client):
    token = ask_token(web_app).json["access_token"]
    change_client(web_app, request_origins=["http://localhost:3000"])

    assert allowed(call(web_app, ME, token)) is None
    assert allowed(preflight(app, TOKEN)) is None
    assert allowed(preflight(app, TOKEN, "http://localhost:3000")) == "http://localhost:3000"


def test_call_without_an_origin_is_answered_as_ever(web_app):
    token = ask_token(web_app).json["access_token"]
    response = call(web_app, ME, token, None)

    assert response.status_code == 200
    assert allowed(response) is None


_AGENTS = {"Authorization", "Content-Type", "Accept", "MCP-Protocol-Version", "Mcp-Method", "Mcp-Name",
           "Mcp-Session-Id", "Last-Event-ID"}  # fmt: skip


@each(
    "path",
    [
        *("/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource/mcp", "/oauth/register"),
        *("/register", TOKEN, "/token", "/oauth/revoke", "/mcp"),
    ],
)
def test_an_agent_in_a_web_page_may_send_what_its_protocol_wants(app, web_app, path):
    """And may read where a refusal leads, and by which id it can ask about it."""
    response = preflight(app, path)
    assert set(response.headers["Access-Control-Allow-Headers"].split(", ")) == _AGENTS
    exposed = set(response.headers["Access-Control-Expose-Headers"].split(", "))
    assert {"WWW-Authenticate", "X-Request-ID"} <= exposed
    assert "POST" in response.headers["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Credentials" not in response.headers


def test_at_the_api_a_repeated_call_may_say_so_too(app, web_app):
    response = preflight(app, "/api/v1/memories/")
    assert set(response.headers["Access-Control-Allow-Headers"].split(", ")) == {*_AGENTS, "Idempotency-Key"}


@each("path", ["/", "/sign-in", "/oauth/authorize", "/authorize", "/oauth/introspect", "/org/oauth/", "/healthz"])
def test_nothing_else_is_for_other_origins(app, web_app, path):
    for method in ("get", "options"):
        response = getattr(app.test_client(), method)(path, headers={"Origin": ORIGIN})
        assert allowed(response) is None
        assert not [name for name, _ in response.headers if name.startswith("Access-Control-")]


_METADATA = ["/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource", "/api/openapi.json"]


@pytest.mark.parametrize("path", _METADATA)
def test_metadata_is_for_everybody(app, path):
    response = app.test_client().get(path, headers={"Origin": OTHER})
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response.headers
