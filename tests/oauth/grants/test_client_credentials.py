"""The client credentials grant (:rfc:`6749#section-4.4`): the organization's own access, never a person's."""

import pytest

from app import clock
from app.scopes import SCOPES
from tests.stock.rows import row


def test_a_confidential_client_gets_a_token_of_its_own(notebook):
    response = notebook.client_credentials(scope="memories:read")
    assert response.status_code == 200
    assert response.json.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert response.json["scope"] == "memories:read"
    assert response.headers["Cache-Control"] == "no-store"


@row("lifetimes")
def test_the_token_lives_an_hour(notebook):
    assert notebook.client_credentials(scope="memories:read").json["expires_in"] == 3600


@row("lifetimes")
def test_the_token_is_dead_after_that_hour(notebook, let_time_pass):
    token = notebook.client_credentials(scope="memories:read").json["access_token"]
    let_time_pass(seconds=3601)
    assert not notebook.is_alive(token)


def test_there_is_no_refresh_token(notebook):
    """A refresh token SHOULD NOT be included (:rfc:`6749#section-4.4.3`)."""
    assert "refresh_token" not in notebook.client_credentials().json


def test_a_public_client_is_refused(pocket):
    """MUST only be used by confidential clients (:rfc:`6749#section-4.4`)."""
    response = pocket.client_credentials()
    assert (response.status_code, response.json["error"]) == (400, "unauthorized_client")


@row("unknown scope")
@pytest.mark.parametrize("scope", ["unknown", "memories:read unknown", "memories:read memories:", "MEMORIES:READ"])
def test_an_unknown_scope_is_refused(notebook, scope):
    """``invalid_scope`` (:rfc:`6749#section-5.2`)."""
    response = notebook.client_credentials(scope=scope)
    assert (response.status_code, response.json["error"]) == (400, "invalid_scope")


def test_a_scope_that_the_client_did_not_register_is_refused(register):
    client = register(scopes=["memories:read"])
    assert client.client_credentials(scope="memories:write").json["error"] == "invalid_scope"


@row("unknown scope")
@pytest.mark.parametrize("scope", [None, ""])
def test_without_a_scope_it_gets_all_it_registered(notebook, scope):
    assert notebook.client_credentials(scope=scope).json["scope"] == " ".join(SCOPES)


def test_the_token_speaks_for_the_organization_that_owns_the_client(notebook):
    token = notebook.client_credentials().json["access_token"]
    assert notebook.me(token).json["type"] == "organization"
    assert notebook.introspect(token).json["sub"] == notebook.me(token).json["id"]


def test_the_token_reaches_no_mementos_even_after_a_person_allowed_everything(notebook, tokens):
    """It never reaches a user's mementos."""
    response = notebook.client_credentials()
    assert "authorization_details" not in response.json
    assert "grant_id" not in response.json
    described = notebook.introspect(response.json["access_token"]).json
    assert "authorization_details" not in described
    assert described["sub"].startswith("org_")


def test_disconnecting_a_person_leaves_the_organizations_token_alive(notebook, tokens, change_consent):
    token = notebook.client_credentials().json["access_token"]
    change_consent(notebook, revoked_at=clock.now())
    assert notebook.is_alive(token)


def test_a_suspended_client_gets_nothing(notebook, change_client):
    change_client(notebook, suspended_at=clock.now())
    response = notebook.client_credentials()
    assert (response.status_code, response.json["error"]) == (401, "invalid_client")


def test_the_token_of_a_suspended_client_is_dead(notebook, change_client):
    token = notebook.client_credentials().json["access_token"]
    change_client(notebook, suspended_at=clock.now())
    assert not notebook.is_alive(token)
