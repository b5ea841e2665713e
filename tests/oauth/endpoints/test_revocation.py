"""The revocation endpoint (:rfc:`7009`)."""

import pytest

from app import clock
from tests.stock.rows import row
from tests.tables import each

PATHS = ["/oauth/revoke", "/oauth/revoke/"]


@row("revocation")
@each("hint", [None, "access_token", "refresh_token", "unknown"])
def test_an_access_token_ends_whatever_the_hint_says(notebook, tokens, hint):
    """If it cannot locate the token using the hint, it MUST extend its search (:rfc:`7009#section-2.1`)."""
    assert notebook.revoke(tokens["access_token"], token_type_hint=hint).status_code == 200
    assert not notebook.is_alive(tokens["access_token"])


@row("revocation")
@each("hint", [None, "access_token", "refresh_token", "unknown"])
def test_a_refresh_token_ends_whatever_the_hint_says(notebook, tokens, hint):
    assert notebook.revoke(tokens["refresh_token"], token_type_hint=hint).status_code == 200
    assert notebook.refresh(tokens["refresh_token"]).status_code == 400


@row("revocation")
def test_a_refresh_token_takes_the_access_tokens_of_its_grant_with_it(notebook, tokens):
    """SHOULD also invalidate all access tokens based on the same grant (:rfc:`7009#section-2.1`)."""
    renewed = notebook.refresh(tokens["refresh_token"]).json
    notebook.revoke(renewed["refresh_token"])
    assert not notebook.is_alive(tokens["access_token"])
    assert not notebook.is_alive(renewed["access_token"])


def test_an_access_token_ends_alone(notebook, tokens):
    notebook.revoke(tokens["access_token"])
    renewed = notebook.refresh(tokens["refresh_token"])
    assert renewed.status_code == 200
    assert notebook.is_alive(renewed.json["access_token"])


def test_a_rotated_refresh_token_still_ends_its_family(notebook, tokens):
    renewed = notebook.refresh(tokens["refresh_token"]).json
    assert notebook.revoke(tokens["refresh_token"]).status_code == 200
    assert not notebook.is_alive(renewed["access_token"])


def test_revocation_leaves_the_consent_and_other_families_alone(notebook, tokens, signed_in):
    others = notebook.tokens(signed_in)
    notebook.revoke(tokens["refresh_token"])
    assert notebook.is_alive(others["access_token"])
    assert "code" in notebook.answer(notebook.start(signed_in))


def test_a_client_credentials_token_can_be_revoked(notebook):
    token = notebook.client_credentials().json["access_token"]
    notebook.revoke(token)
    assert not notebook.is_alive(token)


@row("revocation")
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_another_clients_token_is_answered_like_an_unknown_one_and_lives(notebook, strict_notebook, tokens, kind):
    """Whose token it is, is nobody's business."""
    foreign = strict_notebook.revoke(tokens[kind])
    unknown = strict_notebook.revoke("rlq_at_" + "0" * 64)
    assert (foreign.status_code, foreign.data) == (unknown.status_code, unknown.data) == (200, unknown.data)
    assert notebook.is_alive(tokens["access_token"])
    assert notebook.refresh(tokens["refresh_token"]).status_code == 200


@row("revocation")
@pytest.mark.parametrize(
    "token",
    ["unknown", "rlq_rt_" + "0" * 64, "\U0001f511", '"'],
    ids=["another form", "our form", "emoji", "a quote"],
)
def test_an_unknown_token_is_answered_as_if_it_had_been_ended(notebook, token):
    """Invalid tokens do not cause an error response (:rfc:`7009#section-2.2`)."""
    assert notebook.revoke(token).status_code == 200


def test_to_revoke_twice_is_no_error(notebook, tokens):
    assert notebook.revoke(tokens["refresh_token"]).status_code == 200
    assert notebook.revoke(tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("token", [None, ""])
def test_a_missing_token_is_named(notebook, token):
    response = notebook.revoke(token)
    assert (response.status_code, response.json["error"]) == (400, "invalid_request")
    assert "token" in response.json["error_description"]


@pytest.mark.parametrize("path", PATHS)
def test_the_path_answers_with_and_without_the_final_slash(notebook, tokens, path):
    assert notebook.post(path, {"token": tokens["access_token"]}).status_code == 200
    assert not notebook.is_alive(tokens["access_token"])


def test_a_suspended_client_cannot_revoke(notebook, tokens, change_client):
    change_client(notebook, suspended_at=clock.now())
    assert notebook.revoke(tokens["access_token"]).status_code == 401


def test_get_is_not_answered(notebook, tokens):
    assert notebook.app.test_client().get("/oauth/revoke").status_code == 405
