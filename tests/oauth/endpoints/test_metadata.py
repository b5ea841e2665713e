"""The metadata documents (:rfc:`8414`, :rfc:`9728`): true, complete, and public."""

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

from app.scopes import SCOPES
from tests.tables import each

SERVER, RESOURCE = "/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource"


@pytest.fixture
def metadata(app) -> dict:
    return app.test_client().get(SERVER).json


@each("path", [SERVER, SERVER + "/", RESOURCE, RESOURCE + "/"])
def test_anybody_may_read_it_with_and_without_the_final_slash(app, path):
    response = app.test_client().get(path)
    assert (response.status_code, response.mimetype) == (200, "application/json")
    assert "Set-Cookie" not in response.headers


def test_it_lies_where_the_issuer_says(metadata):
    """Formed by inserting the well-known string (:rfc:`8414#section-3`)."""
    assert get_well_known_url(metadata["issuer"], external=True) == metadata["issuer"] + SERVER


def test_authlibs_own_validation_finds_nothing_wrong(metadata):
    AuthorizationServerMetadata(metadata).validate()


def test_the_issuer_is_the_setting_and_not_the_host_that_was_asked(app, publish_issuer):
    """MUST be identical to the issuer identifier (:rfc:`8414#section-3.3`)."""
    publish_issuer("https://id.acme.example")
    metadata = app.test_client().get(SERVER, headers={"Host": "evil.example"}).json
    assert metadata["issuer"] == "https://id.acme.example"
    assert all(
        value.startswith("https://id.acme.example/") for name, value in metadata.items() if name.endswith("_endpoint")
    )
    AuthorizationServerMetadata(metadata).validate()


def test_only_what_exists_is_promised(metadata):
    assert metadata["response_types_supported"] == ["code"]
    assert metadata["response_modes_supported"] == ["query"]
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert set(metadata["grant_types_supported"]) == {
        "authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code",
    }  # fmt: skip
    assert set(metadata["token_endpoint_auth_methods_supported"]) == {
        "client_secret_basic", "client_secret_post", "none", "private_key_jwt",
    }  # fmt: skip
    assert set(SCOPES) <= set(metadata["scopes_supported"])
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert metadata["authorization_details_types_supported"] == ["memento"]


def test_every_endpoint_it_names_answers(app, metadata):
    for name in ("token_endpoint", "revocation_endpoint", "introspection_endpoint", "device_authorization_endpoint"):
        path = metadata[name].removeprefix(metadata["issuer"])
        assert app.test_client().post(path).status_code in (400, 401), name
    path = metadata["authorization_endpoint"].removeprefix(metadata["issuer"])
    assert app.test_client().get(path).status_code == 400


def test_the_resource_names_its_authorization_server(app, metadata):
    """:rfc:`9728#section-2`."""
    resource = app.test_client().get(RESOURCE).json
    assert resource["authorization_servers"] == [metadata["issuer"]]
    assert resource["resource"] in metadata["protected_resources"]
    assert resource["bearer_methods_supported"] == ["header"]
    assert set(resource["scopes_supported"]) == set(SCOPES)
