"""Authorization server metadata (:rfc:`8414`)."""

import pytest

from tests.standards.conftest import ISSUER, WELL_KNOWN_SERVER, find_nothings
from tests.tables import each


def test_it_lies_at_the_well_known_place(client):
    """ "... MUST make a JSON document containing metadata ... available at a path formed by inserting a well-known URI
    string into the authorization server's issuer identifier" (:rfc:`8414#section-3`).
    """
    answer = client.get(WELL_KNOWN_SERVER)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_it_is_asked_for_with_get(client, method):
    """ "An authorization server metadata document MUST be queried using an HTTP GET request" (section 3.1)."""
    assert client.get(WELL_KNOWN_SERVER).status_code == 200
    answer = client.open(WELL_KNOWN_SERVER, method=method)
    assert answer.status_code == 405 and "GET" in answer.headers["Allow"]


def test_it_is_an_object_without_nothings(client, change_settings):
    """ "Claims with zero elements MUST be omitted from the response" (section 3.2)."""
    assert find_nothings(client.get(WELL_KNOWN_SERVER).json) == []
    change_settings(client_registration="off")
    told = client.get(WELL_KNOWN_SERVER).json
    assert find_nothings(told) == [] and "registration_endpoint" not in told


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:8001", "localhost:8000"])
def test_the_issuer_is_the_one_whose_document_it_is(client, host):
    """ "The issuer value returned MUST be identical to the authorization server's issuer identifier value into which
    the well-known URI string was inserted" (section 3.3).
    """
    assert client.get(WELL_KNOWN_SERVER, headers={"Host": host}).json["issuer"] == ISSUER


def test_what_is_required_is_there(metadata):
    """``issuer``, ``authorization_endpoint``, ``token_endpoint``, ``response_types_supported`` (section 2)."""
    required = {"issuer", "authorization_endpoint", "token_endpoint", "response_types_supported"}
    assert required <= metadata.keys()
    assert all(metadata[name].startswith(f"{ISSUER}/") for name in metadata if name.endswith("_endpoint"))


def test_authentication_by_signed_tokens_names_its_algorithms(metadata):
    """ "This metadata entry MUST be present if either of these authentication methods are specified ... Servers SHOULD
    support RS256. The value none MUST NOT be used" (section 2).
    """
    for kind in ("token", "revocation", "introspection"):
        assert "private_key_jwt" in metadata[f"{kind}_endpoint_auth_methods_supported"]
        algorithms = metadata[f"{kind}_endpoint_auth_signing_alg_values_supported"]
        assert "RS256" in algorithms and "none" not in algorithms


def test_each_grant_type_that_is_named_is_known_and_no_other(metadata, register):
    """Everything the server really does, and nothing else."""
    notebook = register(device_flow=True)
    for grant_type in metadata["grant_types_supported"]:
        answer = notebook.post("/oauth/token", {"grant_type": grant_type})
        assert answer.status_code == 200 or answer.json["error"] == "invalid_request", grant_type
    for grant_type in ("password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer"):
        answer = notebook.post("/oauth/token", {"grant_type": grant_type})
        assert (answer.status_code, answer.json["error"]) == (400, "unsupported_grant_type")


def test_each_address_that_is_named_answers(client, metadata):
    for name in (name for name in metadata if name.endswith("_endpoint")):
        path = metadata[name].removeprefix(ISSUER)
        method = "GET" if name == "authorization_endpoint" else "POST"
        assert client.open(path, method=method).status_code in (400, 401), name
    assert client.get(metadata["service_documentation"].removeprefix(ISSUER)).status_code == 200


@pytest.mark.parametrize("path", ["openid-configuration", "openid-configuration/mcp", "oauth-authorization-server/mcp"])
def test_there_is_nothing_where_another_document_would_lie(client, path):
    """OAuth's metadata under OpenID's name stop a client that then looks for what OpenID Connect requires."""
    answer = client.get(f"/.well-known/{path}")
    assert (answer.status_code, answer.mimetype, answer.json["error"]) == (404, "application/json", "not_found")


@each("prefix", ["/.well-known/", "/oauth/", "/api/", "/mcp/"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@each("rest", ["nothing", "nothing/at/all", "nothing.json"])
def test_what_is_nowhere_is_told_to_programs_as_json(client, prefix, method, rest):
    answer = client.open(prefix + rest, method=method, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.mimetype) == (404, "application/json")
    assert "not_found" in (answer.json.get("error"), answer.json.get("code"))
