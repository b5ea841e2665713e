"""Tokens live as long as their client is registered for, within the server's own bounds."""

import pytest

from app.extensions import db
from app.oauth.models.token import AccessToken, RefreshToken


@pytest.fixture
def brief(register):
    return register(access_token_lifetime=120, refresh_token_lifetime=7200)


def stored_lifetimes(app, model) -> set[int]:
    with app.app_context():
        return {int((token.expires_at - token.issued_at).total_seconds()) for token in db.session.query(model)}


def test_every_grant_obeys_the_clients_lifetimes(app, brief, signed_in):
    tokens = brief.tokens(signed_in)
    renewed = brief.refresh(tokens["refresh_token"]).json
    own = brief.client_credentials().json

    assert [one["expires_in"] for one in (tokens, renewed, own)] == [120, 120, 120]
    assert stored_lifetimes(app, AccessToken) == {120}
    assert stored_lifetimes(app, RefreshToken) == {7200}


def test_tokens_end_when_they_say(brief, signed_in, let_time_pass):
    tokens = brief.tokens(signed_in)
    let_time_pass(seconds=121)
    assert not brief.is_alive(tokens["access_token"])
    tokens = brief.refresh(tokens["refresh_token"]).json
    let_time_pass(seconds=7201)
    assert brief.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


def test_client_without_lifetimes_has_the_servers(app, notebook, signed_in):
    assert notebook.tokens(signed_in)["expires_in"] == 3600
    assert stored_lifetimes(app, RefreshToken) == {30 * 24 * 3600}


def test_server_that_grew_stricter_is_obeyed(app, brief, signed_in, change_settings):
    change_settings(access_token_lifetime=60, refresh_token_lifetime=600)

    assert brief.tokens(signed_in)["expires_in"] == 60
    assert stored_lifetimes(app, RefreshToken) == {600}
