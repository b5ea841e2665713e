"""Dynamic client registration (:rfc:`7591`)."""

import json

import pytest

from tests.integrator import Integrator
from tests.standards.conftest import find_nothings
from tests.tables import each

AGENT = {"client_name": "Pocket Agent", "redirect_uris": ["http://127.0.0.1:33418/callback"]}


@pytest.fixture
def register(client):
    """Register with this; None leaves a member out."""

    def register(**changes):
        said = {name: value for name, value in (AGENT | changes).items() if value is not None}
        return client.post("/oauth/register", json=said)

    return register


@pytest.fixture
def told(register) -> dict:
    """What an agent is told that says no more than it must."""
    return register().json


def test_a_client_that_says_little_gets_an_id(register):
    """ "The server responds with an HTTP 201 Created status code and a body of type application/json" (section 3.2.1)."""
    answer = register()
    assert (answer.status_code, answer.mimetype) == (201, "application/json")
    assert answer.headers["Cache-Control"] == "no-store" and answer.json["client_id"]


@each("content_type", ["application/x-www-form-urlencoded", "text/plain", "application/jsonp", None])
def test_what_is_no_json_is_refused(client, content_type):
    """ "The client registration endpoint MUST accept HTTP POST messages with request parameters encoded in the entity
    body using the application/json format" (section 3), and accepts no others.
    """
    answer = client.post("/oauth/register", data=json.dumps(AGENT), content_type=content_type)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_client_metadata")
    assert client.post("/oauth/register", data=json.dumps(AGENT), content_type="application/json").status_code == 201


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_it_is_a_post(client, method):
    answer = client.open("/oauth/register", method=method)
    assert answer.status_code == 405 and "POST" in answer.headers["Allow"]


def test_what_is_not_understood_is_ignored(register):
    """ "The authorization server MUST ignore any client metadata sent by the client that it does not understand"."""
    answer = register(wants_tea=True, software_id="4NRB1", backchannel_logout_uri="https://agent.example/out")
    assert answer.status_code == 201 and "wants_tea" not in answer.json


def test_all_that_is_registered_is_told(told):
    """ "Additionally, the authorization server MUST return all registered metadata about this client, including any
    fields provisioned by the authorization server itself" (section 3.2.1).
    """
    assert told["redirect_uris"] == AGENT["redirect_uris"] and told["client_name"] == AGENT["client_name"]
    assert told["token_endpoint_auth_method"] == "none" and told["response_types"] == ["code"]
    assert told["grant_types"] == ["authorization_code", "refresh_token"]
    assert told["registration_access_token"] and told["registration_client_uri"] and find_nothings(told) == []


def test_each_client_has_an_id_of_its_own(register):
    """ "It SHOULD NOT be currently valid for any other registered client" (section 3.2.1)."""
    assert register().json["client_id"] != register().json["client_id"]


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_secret_says_until_when_it_is_good(register, method):
    """ "client_secret_expires_at: REQUIRED if client_secret is issued"; the secret "MUST be unique for each client_id"."""
    one, two = (register(token_endpoint_auth_method=method).json for _ in range(2))
    assert one["client_secret"] and one["client_secret"] != two["client_secret"]
    assert one["client_secret_expires_at"] == 0


def test_without_a_secret_nothing_is_said_of_one(told):
    assert not {"client_secret", "client_secret_expires_at"} & told.keys()


@each("redirect_uris", [None, [], [""], "http://127.0.0.1/callback", [1], {}])
def test_there_is_no_client_without_an_address_to_answer_to(register, redirect_uris):
    """ "For clients that use redirect-based grant types ... authorization servers MUST require clients to register
    their redirection URI values" (section 5).
    """
    answer = register(redirect_uris=redirect_uris)
    assert answer.status_code == 400 and answer.json["error"] in ("invalid_redirect_uri", "invalid_client_metadata")


@each("uri", ["http://agent.example/cb", "https://a.example/#x", "javascript:alert(1)", "/cb", "*"])
def test_an_address_that_is_no_good_is_named_as_the_reason(register, uri):
    """ "invalid_redirect_uri: The value of one or more redirection URIs is invalid" (section 3.2.2)."""
    answer = register(redirect_uris=[*AGENT["redirect_uris"], uri])
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_redirect_uri")
    assert answer.json["error_description"].isascii()


@each(
    "changes",
    [
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"grant_types": ["implicit"]},
        {"grant_types": ["client_credentials"]},
        {"response_types": ["token"]},
        {"jwks": {"keys": []}, "jwks_uri": "https://agent.example/jwks"},
        {"jwks": {"keys": [{"kty": "EC", "d": "private"}]}},
        {"client_name": 3},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_cannot_be_is_refused(register, changes):
    """ "invalid_client_metadata: The value of one of the client metadata fields is invalid and the server has rejected
    this request"; "The jwks_uri and jwks parameters MUST NOT both be present" (sections 2 and 3.2.2).
    """
    answer = register(**changes)
    assert (answer.status_code, answer.mimetype) == (400, "application/json")
    assert answer.json["error"] == "invalid_client_metadata" and next(iter(changes)) in answer.json["error_description"]


def test_whoever_has_no_secret_proves_itself_by_pkce_alone(app, told, signed_in):
    """A client whose method is ``none`` gets a token with its verifier, and none without."""
    agent = Integrator(app, told["client_id"], None, told["redirect_uris"][0], "memories:read")
    refused = agent.answer(agent.start(signed_in, code_challenge=None, code_challenge_method=None))
    assert refused["error"] == "invalid_request"
    assert agent.exchange(agent.code(signed_in)).status_code == 200


def test_where_the_operator_wants_a_token_there_is_a_challenge(client, register, change_settings):
    """ "... it MUST be an OAuth 2.0 protected resource and accept an initial access token" (section 3)."""
    change_settings(client_registration="token", client_registration_token="the operator's")
    answer = register()
    assert answer.status_code == 401 and answer.headers["WWW-Authenticate"].startswith("Bearer ")
    for token, status in (("another", 401), ("the operator's", 201)):
        headers = {"Authorization": f"Bearer {token}"}
        assert client.post("/oauth/register", json=AGENT, headers=headers).status_code == status
