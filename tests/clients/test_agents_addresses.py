"""The redirect URIs of the agents that people use today: each registers, each gets its answer, and what is only near does not."""

import pytest

from app.clients.private_schemes import allow_private_schemes, allowed_private_schemes
from tests.clients.conftest import AGENT, integrator_of
from tests.protocol import *  # noqa: F403
from tests.tables import each

#: name -> what it registers, what it sends, and what is near and must not be taken.
CLIENTS = {
    "claude.ai": (
        ["https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"],
        ["https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"],
        [
            "https://claude.ai/api/mcp/auth_callback/",
            "https://claude.ai:443/api/mcp/auth_callback",
            "https://claude.ai:8443/api/mcp/auth_callback",
            "http://claude.ai/api/mcp/auth_callback",
            "https://www.claude.ai/api/mcp/auth_callback",
            "https://claude.ai/api/mcp/auth_callback?next=x",
        ],
    ),
    "Claude Code": (
        ["http://localhost:3118/callback"],
        ["http://localhost:3118/callback", "http://localhost:51234/callback", "http://localhost/callback"],
        [
            "http://127.0.0.1:3118/callback",
            "http://[::1]:3118/callback",
            "http://localhost:3118/callback/",
            "http://localhost:3118/",
            "https://localhost:3118/callback",
            "http://localhost:0/callback",
            "http://localhost:/callback",
            "http://localhost:65536/callback",
            "http://localhost:3118@evil.example/callback",
            "http://localhost.evil.example:3118/callback",
            "http://LOCALHOST:3118/callback",
        ],
    ),
    "Claude Code, by its document": (
        ["http://localhost/callback", "http://127.0.0.1/callback"],
        [
            "http://localhost/callback",
            "http://localhost:51234/callback",
            "http://127.0.0.1/callback",
            "http://127.0.0.1:51234/callback",
        ],
        ["http://[::1]:51234/callback", "http://127.0.0.2:51234/callback", "http://127.1:51234/callback"],
    ),
    "ChatGPT": (
        ["https://chatgpt.com/connector/oauth/a1b2c3"],
        ["https://chatgpt.com/connector/oauth/a1b2c3"],
        ["https://chatgpt.com/connector/oauth/d4e5f6", "https://chatgpt.com/connector/oauth/"],
    ),
    "VS Code": (
        [
            "https://vscode.dev/redirect",
            "https://insiders.vscode.dev/redirect",
            "http://127.0.0.1/",
            "http://127.0.0.1:33418/",
        ],
        [
            "https://vscode.dev/redirect",
            "https://insiders.vscode.dev/redirect",
            "http://127.0.0.1/",
            "http://127.0.0.1:33418/",
            # Where another window of it listens at that one.
            "http://127.0.0.1:50001/",
        ],
        ["https://evil.vscode.dev/redirect", "http://localhost:33418/", "https://vscode.dev/redirect#x"],
    ),
    "VS Code, on this computer alone": (
        ["http://127.0.0.1/", "http://127.0.0.1:33418/"],
        ["http://127.0.0.1/", "http://127.0.0.1:33418/", "http://127.0.0.1:50001/"],
        ["http://127.0.0.1", "http://127.0.0.1:33418/x", "http://localhost:33418/"],
    ),
    "Cursor": (
        ["http://localhost:8787/callback"],
        ["http://localhost:8787/callback"],
        ["cursor://anysphere.cursor-mcp/oauth/callback"],
    ),
    "Cursor, an older one": (
        ["cursor://anysphere.cursor-mcp/oauth/callback"],
        ["cursor://anysphere.cursor-mcp/oauth/callback"],
        [
            "cursor://anysphere.cursor-mcp/oauth/callback/",
            "cursor://anysphere.cursor-mcp:8/oauth/callback",
            "cursor:/oauth/callback",
            "vscode://anysphere.cursor-mcp/oauth/callback",
        ],
    ),
    "Gemini CLI": (
        ["http://localhost:7777/oauth/callback"],
        ["http://localhost:7777/oauth/callback", "http://localhost:40000/oauth/callback"],
        ["http://localhost:7777/callback"],
    ),
    "opencode": (
        ["http://127.0.0.1:19876/mcp/oauth/callback"],
        ["http://127.0.0.1:19876/mcp/oauth/callback", "http://127.0.0.1:19877/mcp/oauth/callback"],
        ["http://127.0.0.1:19876/oauth/callback"],
    ),
    "n8n": (
        ["https://oauth.n8n.cloud/oauth2/callback"],
        ["https://oauth.n8n.cloud/oauth2/callback"],
        ["https://n8n.cloud/oauth2/callback"],
    ),
    "MCP Inspector": (
        ["http://localhost:6274/oauth/callback", "http://127.0.0.1:6276/oauth/callback"],
        [
            "http://localhost:6274/oauth/callback",
            "http://127.0.0.1:6276/oauth/callback",
            "http://127.0.0.1:6274/oauth/callback",
        ],
        ["http://[::1]:6274/oauth/callback"],
    ),
    "mcp-remote": (
        ["http://localhost:3334/oauth/callback"],
        ["http://localhost:3334/oauth/callback", "http://localhost:9999/oauth/callback"],
        ["http://localhost:3334/oauth/callback?x=y"],
    ),
    "FastMCP": (
        ["http://localhost:49200/callback"],
        ["http://localhost:49200/callback", "http://localhost:49201/callback"],
        ["http://localhost:49200/oauth/callback"],
    ),
}


@each("name", CLIENTS)
def test_an_agent_gets_its_answer_at_each_of_its_addresses_and_at_no_other(app, ask, signed_in, name):
    registered, sent, near = CLIENTS[name]
    told = ask(client_name=name, redirect_uris=registered)
    assert told.status_code == 201, told.text
    assert told.json["redirect_uris"] == registered
    integrator = integrator_of(app, told.json)
    for uri in sent:
        integrator.redirect_uri = uri
        page = integrator.start(signed_in)
        assert page.status_code == 200 and f"<bdi>{name}</bdi>" in page.text, uri
    for uri in near:
        page = integrator.start(signed_in, redirect_uri=uri)
        assert page.status_code == 400 and "This link does not lead back to" in page.text, uri


def test_the_last_step_goes_there_too(app, ask, signed_in):
    """With a port of which nobody was told, and by a scheme without a dot."""
    for registered, sent in (
        ("http://localhost/callback", "http://localhost:51234/callback"),
        ("cursor://anysphere.cursor-mcp/oauth/callback", "cursor://anysphere.cursor-mcp/oauth/callback"),
    ):
        integrator = integrator_of(app, ask(redirect_uris=[registered]).json)
        integrator.redirect_uri = sent
        answer = integrator.exchange(integrator.code(signed_in, choose={"selection": "none"}))
        assert answer.status_code == 200, answer.text


@each(
    ("uris", "is_native"),
    [
        (["http://localhost:1/cb"], True),
        (["http://localhost/cb", "http://127.0.0.1/cb", "http://[::1]/cb"], True),
        (["cursor://x/cb"], True),
        (["com.example.app:/cb", "http://127.0.0.1/cb"], True),
        (["https://app.example/cb"], False),
        (["https://app.example/cb", "http://127.0.0.1/cb"], False),
    ],
)
@pytest.mark.parametrize("said", ["web", "native", None])
def test_an_app_is_native_by_its_addresses_whatever_it_says(app, ask, signed_in, uris, is_native, said):
    """Where all of them are on the computer or the phone itself, and no others."""
    told = ask(redirect_uris=uris, application_type=said).json
    assert told["application_type"] == (said or ("native" if is_native else "web"))
    integrator = integrator_of(app, told)
    loopback = next((uri for uri in uris if uri.startswith("http://")), None)
    if loopback is not None:
        host = loopback.split("/")[2].split(":")[0] if "[" not in loopback else "[::1]"
        # The port of such an address may vary of any of them.
        assert integrator.start(signed_in, redirect_uri=f"http://{host}:50123/cb").status_code == 200


@pytest.fixture
def schemes():
    """Let an operator choose which schemes without a dot there are."""
    before = allowed_private_schemes()
    yield allow_private_schemes
    allow_private_schemes(before)


def test_a_scheme_that_the_operator_does_not_list_is_refused(app, ask, signed_in, schemes):
    assert ask(redirect_uris=["zed://callback/oauth"]).json["error"] == "invalid_redirect_uri"
    schemes(["zed"])
    assert ask(redirect_uris=["zed://callback/oauth"]).status_code == 201
    assert ask(redirect_uris=AGENT["redirect_uris"]).status_code == 201
    assert ask(redirect_uris=["cursor://a/oauth"]).json["error"] == "invalid_redirect_uri"


def test_a_scheme_that_is_no_longer_listed_gets_no_answer(app, ask, signed_in, schemes):
    """The rule runs where an address is used: a code that is on its way is worth nothing any more either."""
    integrator = integrator_of(app, ask(redirect_uris=["cursor://anysphere.cursor-mcp/oauth/callback"]).json)
    code = integrator.code(signed_in, choose={"selection": "none"})
    page = integrator.start(signed_in)
    schemes([])
    assert integrator.start(signed_in).status_code == 400
    assert signed_in.submit(page, press="Authorize").status_code == 400
    assert integrator.exchange(code).json["error"] == "invalid_grant"
    schemes(["cursor"])
    assert integrator.start(signed_in).status_code == 200


def test_the_setting_reaches_the_registry():
    from app import create_app
    from app.config import Settings

    before = allowed_private_schemes()
    try:
        create_app(
            Settings(
                database_url="sqlite://", secret_key="x" * 32, issuer="http://127.0.0.1:8000", private_schemes=("zed",)
            )
        )
        assert allowed_private_schemes() == {"zed"}
    finally:
        allow_private_schemes(before)
    assert before == {"cursor", "vscode", "vscode-insiders"}
