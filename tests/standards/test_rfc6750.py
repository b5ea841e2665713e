"""Bearer tokens (:rfc:`6750`), at both resources: what a challenge holds, and which there is."""

import re

import pytest

from app import clock
from tests.standards.conftest import API, MCP
from tests.tables import each

#: Section 3, and the grammar of :rfc:`7235#section-2.1`: a scheme, and parameters as quoted strings.
_CHALLENGE = re.compile(r'Bearer (?P<parameters>\w+="[^"]*"(?:, \w+="[^"]*")*)')
_ALLOWED = {
    "realm": r"[\x20-\x21\x23-\x5B\x5D-\x7E]+",
    "scope": r"[\x21\x23-\x5B\x5D-\x7E]+( [\x21\x23-\x5B\x5D-\x7E]+)*",
    "error": r"[\x20-\x21\x23-\x5B\x5D-\x7E]+",
    "error_description": r"[\x20-\x21\x23-\x5B\x5D-\x7E]+",
    "error_uri": r"[\x21\x23-\x5B\x5D-\x7E]+",
    "resource_metadata": r"[\x21\x23-\x5B\x5D-\x7E]+",
}


def read_challenge(answer) -> dict[str, str]:
    """The parameters of the one challenge, each of which may come once and hold only what it may.

    "All challenges defined by this specification MUST use the auth-scheme value Bearer. This scheme MUST be followed by
    one or more auth-param values"; realm, scope, error, error_description and error_uri "MUST NOT appear more than once".
    """
    [challenge] = answer.headers.getlist("WWW-Authenticate")
    found = _CHALLENGE.fullmatch(challenge)
    assert found, challenge
    pairs = re.findall(r'(\w+)="([^"]*)"', found["parameters"])
    assert len(pairs) == len(dict(pairs)), challenge
    for name, value in pairs:
        assert re.fullmatch(_ALLOWED[name], value), (name, value)
    return dict(pairs)


@pytest.fixture(params=[API, MCP], ids=["api", "mcp"])
def ask(request, app):
    """Ask a resource for something, with an ``Authorization`` header or without; its address is ``ask.resource``."""

    def ask(authorization: str | None = None, **changes):
        headers = {} if authorization is None else {"Authorization": authorization}
        if request.param == API:
            return app.test_client().get("/api/v1/memories/", headers=headers, **changes)
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "search_memories"}}
        return app.test_client().post("/mcp", json=message, headers=headers, **changes)

    ask.resource = request.param
    return ask


@pytest.fixture
def tokens(notebook, signed_in, ask):
    """What the app got for the resource."""
    return notebook.tokens(signed_in, resource=ask.resource)


def test_the_header_is_a_way_to_send_a_token(ask, tokens):
    """ "Resource servers MUST support this method" (section 2.1)."""
    assert ask(f"Bearer {tokens['access_token']}").status_code == 200


@each("authorization", [None, "Basic YTpi", "Digest x"])
def test_without_a_token_there_is_a_challenge_without_an_error(ask, authorization):
    """ "If the request lacks any authentication information ... the resource server SHOULD NOT include an error code"."""
    answer = ask(authorization)
    assert answer.status_code == 401 and "error" not in read_challenge(answer)


def test_a_header_without_a_token_is_an_invalid_request(ask):
    """ "invalid_request: ... The resource server SHOULD respond with the HTTP 400 status code" (section 3.1)."""
    answer = ask("Bearer")
    assert answer.status_code == 400 and read_challenge(answer)["error"] == "invalid_request"


@each("token", ["unknown", "rlq_at_" + "0" * 64, '"', "a b", "\\", "é"])
def test_a_token_that_is_none_is_invalid(ask, token):
    """ "If the protected resource request ... does not contain an access token that enables access to the protected
    resource, the resource server MUST include the HTTP WWW-Authenticate response header field" (section 3).
    """
    answer = ask(f"Bearer {token}")
    assert answer.status_code == 401 and read_challenge(answer)["error"] == "invalid_token"


def test_a_token_that_has_ended_is_invalid(ask, tokens, let_time_pass):
    """ "invalid_token: The access token provided is expired, revoked, malformed, or invalid for other reasons"."""
    let_time_pass(hours=1, seconds=1)
    answer = ask(f"Bearer {tokens['access_token']}")
    assert answer.status_code == 401 and read_challenge(answer)["error"] == "invalid_token"


def test_a_token_that_was_revoked_is_invalid(ask, notebook, tokens):
    notebook.revoke(tokens["access_token"])
    answer = ask(f"Bearer {tokens['access_token']}")
    assert answer.status_code == 401 and read_challenge(answer)["error"] == "invalid_token"


@each("kind", ["refresh_token", "client_secret"])
def test_another_credential_is_no_access_token(ask, notebook, tokens, kind):
    credential = notebook.client_secret if kind == "client_secret" else tokens[kind]
    answer = ask(f"Bearer {credential}")
    assert answer.status_code == 401 and credential not in str(answer.headers) + answer.text
    read_challenge(answer)


@each("change", ["paused_at", "revoked_at", "expires_at"])
def test_what_the_person_did_is_told_within_the_same_grammar(ask, notebook, tokens, change_consent, change):
    change_consent(notebook, **{change: clock.now()})
    answer = ask(f"Bearer {tokens['access_token']}")
    assert answer.status_code == 401 and read_challenge(answer)["error"] == "invalid_token"


def test_a_token_without_the_scope_is_told_which(ask, notebook, signed_in):
    """ "insufficient_scope: ... The resource server SHOULD respond with the HTTP 403 (Forbidden) status code and MAY
    include the scope attribute with the scope necessary to access the protected resource" (section 3.1).
    """
    token = notebook.tokens(signed_in, resource=ask.resource, scope="integrations:read")["access_token"]
    answer = ask(f"Bearer {token}")
    told = read_challenge(answer)
    assert (answer.status_code, told["error"]) == (403, "insufficient_scope")
    assert set(told["scope"].split()) == {"integrations:read", "memories:read"}


@pytest.mark.parametrize("place", ["query_string", "data"])
def test_a_token_in_the_address_or_in_a_form_is_not_taken(notebook, signed_in, app, place):
    """ "This method SHOULD NOT be used" (section 2.3), and is not; nor is that of a form (section 2.2)."""
    token = notebook.tokens(signed_in)["access_token"]
    answer = app.test_client().get("/api/v1/memories/", **{place: {"access_token": token}})
    assert answer.status_code == 401 and "error" not in read_challenge(answer)


def test_a_response_with_a_token_is_not_kept(notebook, signed_in):
    """ "no-store" of the token response (section 5.3 and :rfc:`6749#section-5.1`)."""
    answer = notebook.exchange(notebook.code(signed_in))
    assert answer.headers["Cache-Control"] == "no-store" and answer.json["token_type"] == "Bearer"
