"""The introspection endpoint (:rfc:`7662`): computed now, told to the token's own client alone."""

import pytest

from app import clock
from tests.tables import each


def test_a_live_access_token_is_described(notebook, tokens, alice):
    described = notebook.introspect(tokens["access_token"]).json
    assert described["active"] is True
    assert described["scope"] == "memories:read integrations:read"
    assert described["client_id"] == notebook.client_id
    assert described["sub"] == alice.id
    assert described["token_type"] == "Bearer"
    assert described["exp"] - described["iat"] == 3600
    assert described["iss"] == "http://127.0.0.1:8000"
    assert described["grant_id"] == tokens["grant_id"]
    assert described["authorization_details"] == tokens["authorization_details"]


def test_a_live_refresh_token_is_described(notebook, tokens):
    described = notebook.introspect(tokens["refresh_token"]).json
    assert described["active"] is True
    assert described["exp"] - described["iat"] == 30 * 24 * 3600
    assert "token_type" not in described


def test_the_answer_is_json_that_nobody_may_store(notebook, tokens):
    response = notebook.introspect(tokens["access_token"])
    assert response.mimetype == "application/json"
    assert response.headers["Cache-Control"] == "no-store"


@each("hint", ["access_token", "refresh_token", "unknown"])
def test_the_hint_is_only_a_hint(notebook, tokens, hint):
    """MUST extend its search across all of its supported token types (:rfc:`7662#section-2.1`)."""
    assert notebook.introspect(tokens["access_token"], token_type_hint=hint).json["active"] is True
    assert notebook.introspect(tokens["refresh_token"], token_type_hint=hint).json["active"] is True


def test_what_it_says_is_computed_now(notebook, tokens, signed_in, make_memento, change_consent):
    memento = make_memento("Recipes")
    notebook.authorize(signed_in, prompt="consent")
    change_consent(notebook, selection="none", scope="memories:read")
    described = notebook.introspect(tokens["access_token"]).json
    assert (described["scope"], described["authorization_details"]) == ("memories:read", [])
    assert memento not in str(described)


def test_a_change_of_the_clients_scopes_shows_at_once(notebook, tokens, change_client):
    change_client(notebook, scope="integrations:read")
    described = notebook.introspect(tokens["access_token"]).json
    assert (described["scope"], described["authorization_details"]) == ("integrations:read", [])


# -- inactive: told alike, and nothing more --------------------------------------------------------


def assert_inactive(response) -> None:
    """SHOULD NOT include any additional information about an inactive token (:rfc:`7662#section-2.2`)."""
    assert (response.status_code, response.json) == (200, {"active": False})


@each("token", ["unknown", "rlq_at_" + "0" * 64, "rlq_rt_" + "0" * 64, "\U0001f511"])
def test_an_unknown_token_is_inactive(notebook, token):
    assert_inactive(notebook.introspect(token))


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_another_clients_token_is_inactive(register, tokens, kind):
    assert_inactive(register().introspect(tokens[kind]))


def test_a_revoked_access_token_is_inactive(notebook, tokens):
    notebook.revoke(tokens["access_token"])
    assert_inactive(notebook.introspect(tokens["access_token"]))
    assert notebook.introspect(tokens["refresh_token"]).json["active"] is True


def test_a_family_that_ended_is_inactive(notebook, tokens):
    notebook.revoke(tokens["refresh_token"])
    assert_inactive(notebook.introspect(tokens["access_token"]))
    assert_inactive(notebook.introspect(tokens["refresh_token"]))


def test_a_rotated_refresh_token_is_inactive(notebook, tokens):
    renewed = notebook.refresh(tokens["refresh_token"]).json
    assert_inactive(notebook.introspect(tokens["refresh_token"]))
    assert notebook.introspect(renewed["refresh_token"]).json["active"] is True


def test_to_introspect_a_rotated_refresh_token_ends_nothing(notebook, tokens):
    renewed = notebook.refresh(tokens["refresh_token"]).json
    notebook.introspect(tokens["refresh_token"])
    assert notebook.is_alive(renewed["access_token"])


@pytest.mark.parametrize(("kind", "seconds"), [("access_token", 3601), ("refresh_token", 30 * 24 * 3600 + 1)])
def test_an_expired_token_is_inactive(notebook, tokens, let_time_pass, kind, seconds):
    let_time_pass(seconds=seconds)
    assert_inactive(notebook.introspect(tokens[kind]))


@pytest.mark.parametrize("ended", ["revoked_at", "expires_at"])
def test_a_token_whose_consent_has_ended_is_inactive(notebook, tokens, change_consent, ended):
    change_consent(notebook, **{ended: clock.now()})
    assert_inactive(notebook.introspect(tokens["access_token"]))
    assert_inactive(notebook.introspect(tokens["refresh_token"]))


def test_a_code_is_no_token(notebook, signed_in):
    assert_inactive(notebook.introspect(notebook.code_by_consent(signed_in)))


# -- who may ask -----------------------------------------------------------------------------------


def test_a_public_client_may_not_ask(pocket, signed_in):
    """The endpoint MUST require some form of authorization (:rfc:`7662#section-2.1`)."""
    response = pocket.introspect(pocket.tokens(signed_in)["access_token"])
    assert response.status_code in (400, 401)
    assert response.json["error"] in ("unauthorized_client", "invalid_client")


def test_an_access_token_is_no_authorization_to_ask(notebook, tokens):
    response = notebook.app.test_client().post(
        "/oauth/introspect",
        data={"token": tokens["access_token"]},
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
    )
    assert response.status_code == 401


def test_a_suspended_client_may_not_ask(notebook, tokens, change_client):
    change_client(notebook, suspended_at=clock.now())
    assert notebook.introspect(tokens["access_token"]).status_code == 401


@pytest.mark.parametrize("token", [None, ""])
def test_a_missing_token_is_named(notebook, token):
    response = notebook.introspect(token)
    assert (response.status_code, response.json["error"]) == (400, "invalid_request")
    assert "token" in response.json["error_description"]


@pytest.mark.parametrize("path", ["/oauth/introspect", "/oauth/introspect/"])
def test_the_path_answers_with_and_without_the_final_slash(notebook, tokens, path):
    assert notebook.post(path, {"token": tokens["access_token"]}).json["active"] is True
