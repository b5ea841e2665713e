"""Protected resource metadata (:rfc:`9728`)."""

import pytest

from tests.standards.conftest import API, ISSUER, MCP, WELL_KNOWN_RESOURCE, find_nothings
from tests.tables import each

_RESOURCES = [ISSUER, API, MCP]


def path_of(resource: str) -> str:
    """Returns where the metadata of a resource lie."""
    return WELL_KNOWN_RESOURCE + resource.removeprefix(ISSUER)


@pytest.mark.parametrize("resource", _RESOURCES)
def test_it_lies_between_the_host_and_the_path(client, resource):
    """ "... MUST make a JSON document containing metadata ... available at a URL formed by inserting a well-known URI
    string into the protected resource's resource identifier between the host component and the path" (section 3).
    """
    answer = client.get(path_of(resource))
    assert (answer.status_code, answer.mimetype) == (200, "application/json")


@pytest.mark.parametrize("resource", _RESOURCES)
def test_the_resource_is_the_one_that_was_asked_for(client, resource):
    """ "The resource value returned MUST be identical to the protected resource's resource identifier value into which
    the well-known URI path suffix was inserted" (section 3.3).
    """
    assert client.get(path_of(resource), headers={"Host": "evil.example"}).json["resource"] == resource


@pytest.mark.parametrize("resource", _RESOURCES)
def test_the_issuer_is_named_byte_for_byte(client, metadata, resource):
    """ "authorization_servers: JSON array containing a list of OAuth authorization server issuer identifiers"."""
    assert client.get(path_of(resource)).json["authorization_servers"] == [metadata["issuer"]] == [ISSUER]
    assert resource in metadata["protected_resources"]


@pytest.mark.parametrize("resource", _RESOURCES)
def test_nothing_is_told_that_is_nothing(client, resource):
    """ "Parameters with zero values MUST be omitted from the response" (section 3.2)."""
    told = client.get(path_of(resource)).json
    assert find_nothings(told) == [] and told["resource_documentation"]


@each("resource", _RESOURCES)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_it_is_asked_for_with_get(client, resource, method):
    """ "A protected resource metadata document MUST be queried using an HTTP GET request" (section 3.1)."""
    assert client.open(path_of(resource), method=method).status_code == 405


@each("path", ["/mcp2", "/api", "/api/v2", "/api/v1/me", "//mcp", "/oauth"])
def test_of_what_is_no_resource_there_are_none(client, path):
    answer = client.get(WELL_KNOWN_RESOURCE + path)
    assert (answer.status_code, answer.mimetype) == (404, "application/json")


@pytest.mark.parametrize(("path", "resource"), [("/api/me/", ISSUER), ("/api/v1/memories/", ISSUER), ("/mcp", MCP)])
def test_a_challenge_leads_to_the_metadata_of_its_resource(client, path, resource):
    """ "... using the WWW-Authenticate resource_metadata parameter" (section 5.1)."""
    challenge = client.get(path).headers["WWW-Authenticate"]
    address = challenge.partition('resource_metadata="')[2].partition('"')[0]
    assert client.get(address.removeprefix(ISSUER)).json["resource"] == resource
