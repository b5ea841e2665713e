"""Dynamic client registration management (:rfc:`7592`)."""

import pytest

from tests.integrator import Integrator
from tests.standards.conftest import ISSUER
from tests.tables import each

AGENT = {"client_name": "Pocket Agent", "redirect_uris": ["http://127.0.0.1:33418/callback"]}


@pytest.fixture
def told(client) -> dict:
    """What a client with a secret was told at its registration."""
    return client.post("/oauth/register", json=AGENT | {"token_endpoint_auth_method": "client_secret_basic"}).json


@pytest.fixture
def manage(client, told):
    """Call the address of the client's registration."""

    def manage(method: str, *, token: str | None = told["registration_access_token"], **body):
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        path = told["registration_client_uri"].removeprefix(ISSUER)
        return client.open(path, method=method, headers=headers, json=body or None)

    return manage


def test_the_address_is_told_whole(told):
    """ "The authorization server MUST provide the client with the fully qualified URL in the registration_client_uri
    element" (section 3).
    """
    assert told["registration_client_uri"].startswith(f"{ISSUER}/") and told["registration_access_token"]


def test_a_client_reads_what_it_is_registered_with(told, manage):
    """ "... the authorization server responds with an HTTP 200 OK with content type application/json" (section 2.1)."""
    answer = manage("GET")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.json["client_id"] == told["client_id"] and answer.json["redirect_uris"] == told["redirect_uris"]


@each("method", ["GET", "PUT", "DELETE"])
@each("token", [None, "", "wrong", "rlq_at_" + "0" * 64])
def test_without_its_token_nothing_is_told_or_done(manage, told, method, token):
    """ "The client MUST use its registration access token in all calls to this endpoint"; it is a protected resource
    of :rfc:`6750`: 401, and without a token no error code.
    """
    answer = manage(method, token=token, **(AGENT | {"client_id": told["client_id"]}))
    assert answer.status_code == 401
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith("Bearer ") and ('error="invalid_token"' in challenge) is bool(token)
    assert manage("GET").status_code == 200


def test_of_a_client_that_is_gone_there_is_no_trace(manage):
    """ "If the client does not exist on this server, the server MUST respond with HTTP 401 Unauthorized"."""
    assert manage("DELETE").status_code == 204
    for method in ("GET", "PUT", "DELETE"):
        assert manage(method).status_code == 401


def test_a_change_replaces_and_does_not_add(told, manage):
    """ "Valid values of client metadata fields in this request MUST replace, not augment, the values previously
    associated with this client. Omitted fields MUST be treated as null or empty values" (section 2.2).
    """
    added = manage("PUT", client_id=told["client_id"], **AGENT, client_uri="https://agent.example/")
    assert added.json["client_uri"] == "https://agent.example/"
    uris = ["http://127.0.0.1:33419/other"]
    answer = manage("PUT", client_id=told["client_id"], client_name="Another", redirect_uris=uris)
    assert answer.status_code == 200 and answer.json["redirect_uris"] == uris
    assert "client_uri" not in answer.json and answer.json["client_name"] == "Another"


@each("client_id", [None, "", "another", 3])
def test_a_change_names_the_client(told, manage, client_id):
    """ "The client MUST include its client_id field in the request, and it MUST be the same as its currently issued
    client identifier" (section 2.2).
    """
    named = {} if client_id is None else {"client_id": client_id}
    answer = manage("PUT", **AGENT, **named)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_client_metadata")
    assert manage("PUT", **AGENT, client_id=told["client_id"]).status_code == 200


def test_a_client_does_not_choose_its_secret(app, told, manage):
    """ "If the client includes the client_secret field in the request, the value of this field MUST match the currently
    issued client secret ... The client MUST NOT be allowed to overwrite its existing client secret" (section 2.2).
    """
    whole = AGENT | {"client_id": told["client_id"]}
    assert manage("PUT", **whole, client_secret="chosen").json["error"] == "invalid_client_metadata"
    assert manage("PUT", **whole, client_secret=told["client_secret"]).status_code == 200
    for secret, error in (("chosen", "invalid_client"), (told["client_secret"], "invalid_grant")):
        agent = Integrator(app, told["client_id"], secret, AGENT["redirect_uris"][0], "memories:read")
        assert agent.refresh("rlq_rt_" + "0" * 64).json["error"] == error


@pytest.mark.parametrize("changes", [{"redirect_uris": ["http://agent.example/"]}, {"grant_types": ["implicit"]}])
def test_a_change_that_cannot_be_leaves_everything_as_it_was(told, manage, changes):
    """ "If the client attempts to set an invalid metadata field ... HTTP 400 Bad Request" (section 2.2)."""
    before = manage("GET").json
    answer = manage("PUT", **(AGENT | {"client_id": told["client_id"], "client_name": "Another"} | changes))
    assert answer.status_code == 400 and answer.json["error"].startswith("invalid_")
    assert manage("GET").json == before


def test_the_end_of_a_client_ends_what_it_has(app, told, manage, signed_in):
    """ "A successful delete action will invalidate the client_id, client_secret, and registration_access_token"; "204
    No Content" (section 2.3).
    """
    agent = Integrator(app, told["client_id"], told["client_secret"], AGENT["redirect_uris"][0], "memories:read")
    tokens = agent.tokens(signed_in, choose={"selection": "all"})
    assert agent.is_alive(tokens["access_token"])
    answer = manage("DELETE")
    assert (answer.status_code, answer.data, answer.content_type) == (204, b"", None)
    assert agent.refresh(tokens["refresh_token"]).json["error"] == "invalid_client"
    assert not agent.is_alive(tokens["access_token"])
    assert agent.start(signed_in).status_code == 400
