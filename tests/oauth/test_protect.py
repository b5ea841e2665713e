"""The guard of protected resources (:rfc:`6750`), to the letter."""

import pytest

from app import clock
from app.consents.models import Consent
from app.extensions import db
from app.last_uses import LastUses
from tests.stock.rows import row
from tests.tables import each


def challenge(response) -> str:
    """The Bearer challenge of a refusal (:rfc:`6750#section-3`)."""
    header = response.headers.get("WWW-Authenticate", "")
    assert header.startswith("Bearer "), header
    return header


def code_of(response) -> str:
    """The error code in the body: ours, or a textbook server's, which has it under another name."""
    return response.json.get("code") or response.json["error"]


# -- who is let in ---------------------------------------------------------------------------------


def test_a_live_token_is_let_in(notebook, tokens):
    assert notebook.me(tokens["access_token"]).status_code == 200


def test_the_scheme_is_read_in_any_case(notebook, tokens):
    response = notebook.app.test_client().get("/api/me/", headers={"Authorization": f"bearer {tokens['access_token']}"})
    assert response.status_code == 200


# -- who is not ------------------------------------------------------------------------------------


@row("bearer errors")
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic YTpi"}], ids=["nothing", "another scheme"])
def test_without_a_token_there_is_a_challenge_and_no_error_code(notebook, headers):
    """SHOULD NOT include an error code (:rfc:`6750#section-3.1`)."""
    response = notebook.app.test_client().get("/api/me/", headers=headers)
    assert response.status_code == 401
    assert "error=" not in challenge(response)
    assert response.json.get("code", "unauthenticated") == "unauthenticated"
    assert "error" not in response.json


@pytest.mark.parametrize("header", ["Bearer", "bearer ", " BEARER"])
def test_a_bearer_header_without_a_token_is_malformed(notebook, header):
    """``invalid_request`` with 400 (:rfc:`6750#section-3.1`)."""
    response = notebook.app.test_client().get("/api/me/", headers={"Authorization": header})
    assert (response.status_code, code_of(response)) == (400, "invalid_request")
    assert 'error="invalid_request"' in challenge(response)


def test_the_challenge_says_whose_it_is_and_where_tokens_come_from(notebook):
    """:rfc:`9728#section-5.1`."""
    response = notebook.app.test_client().get("/api/me/")
    assert 'realm="reliquary"' in challenge(response)
    assert 'resource_metadata="http://127.0.0.1:8000/.well-known/oauth-protected-resource"' in challenge(response)


@row("bearer errors")
@each(
    "token",
    ["unknown", "rlq_at_" + "0" * 64, "a b", "\xff\xfe", '"', "rlq_at_" + "0" * 5000],
    ids=["another form", "our form", "a space", "not ASCII", "a quote", "very long"],
)
def test_an_unknown_token_is_an_invalid_token(notebook, token):
    """``invalid_token`` with 401 (:rfc:`6750#section-3.1`)."""
    response = notebook.me(token)
    assert (response.status_code, code_of(response)) == (401, "invalid_token")
    assert 'error="invalid_token"' in challenge(response)


@row("lifetimes")
def test_an_access_token_says_it_lives_an_hour(tokens):
    assert tokens["expires_in"] == 3600


@row("lifetimes")
def test_an_access_token_is_dead_after_an_hour(notebook, tokens, let_time_pass):
    let_time_pass(seconds=3601)
    response = notebook.me(tokens["access_token"])
    assert (response.status_code, code_of(response)) == (401, "invalid_token")


def test_an_access_token_lives_almost_an_hour(notebook, tokens, let_time_pass):
    let_time_pass(seconds=3590)
    assert notebook.is_alive(tokens["access_token"])


def test_how_long_an_access_token_lives_is_a_setting(notebook, signed_in, let_time_pass, change_settings):
    change_settings(access_token_lifetime=10)
    tokens = notebook.tokens(signed_in)
    assert tokens["expires_in"] == 10
    let_time_pass(seconds=11)
    assert not notebook.is_alive(tokens["access_token"])


@pytest.mark.parametrize("ended", ["revoked_at", "expires_at"])
def test_a_token_dies_with_its_consent_at_once(notebook, tokens, change_consent, ended):
    change_consent(notebook, **{ended: clock.now()})
    assert code_of(notebook.me(tokens["access_token"])) == "invalid_token"


def test_a_token_of_a_suspended_client_is_dead(notebook, tokens, change_client):
    change_client(notebook, suspended_at=clock.now())
    assert code_of(notebook.me(tokens["access_token"])) == "invalid_token"


def test_a_token_of_a_client_that_is_suspended_no_longer_lives_again(notebook, tokens, change_client):
    change_client(notebook, suspended_at=clock.now())
    change_client(notebook, suspended_at=None)
    assert notebook.is_alive(tokens["access_token"])


def test_a_token_of_a_deleted_client_is_dead(notebook, tokens, delete_client):
    delete_client(notebook)
    assert code_of(notebook.me(tokens["access_token"])) == "invalid_token"


def test_a_new_consent_does_not_bring_the_tokens_of_an_ended_one_back(notebook, tokens, signed_in, change_consent):
    change_consent(notebook, revoked_at=clock.now())
    notebook.tokens(signed_in)
    assert not notebook.is_alive(tokens["access_token"])


def test_a_new_consent_does_not_bring_the_tokens_of_an_expired_one_back(notebook, tokens, signed_in, change_consent):
    change_consent(notebook, expires_at=clock.now())
    assert notebook.is_alive(notebook.tokens(signed_in)["access_token"])
    assert not notebook.is_alive(tokens["access_token"])


@each("kind", ["refresh_token", "code", "client_secret"])
def test_other_credentials_are_no_access_tokens(notebook, tokens, signed_in, kind):
    presented = {
        "refresh_token": tokens["refresh_token"],
        "code": notebook.code_by_consent(signed_in),
        "client_secret": notebook.client_secret,
    }[kind]
    assert code_of(notebook.me(presented)) == "invalid_token"


@pytest.mark.parametrize("place", ["query_string", "data"])
def test_a_token_anywhere_but_in_the_header_is_not_seen(notebook, tokens, place):
    """The query parameter SHOULD NOT be used (:rfc:`6750#section-2.3`); the metadata says ``header`` alone."""
    response = notebook.app.test_client().get("/api/me/", **{place: {"access_token": tokens["access_token"]}})
    assert response.status_code == 401


# -- scopes ----------------------------------------------------------------------------------------


@row("bearer errors")
def test_a_resource_is_reached_with_its_scope(notebook, signed_in, guarded):
    token = notebook.tokens(signed_in, scope="memories:read")["access_token"]
    assert guarded(token, "memories:read").status_code == 200


@row("bearer errors")
def test_a_missing_scope_is_a_403_that_names_it(notebook, signed_in, guarded):
    """``insufficient_scope``, MAY include the scope that is necessary (:rfc:`6750#section-3.1`).

    Beside it stands what the token has: an agent asks next for what it is told, and for that alone.
    """
    token = notebook.tokens(signed_in, scope="integrations:read")["access_token"]
    response = guarded(token, "memories:read")
    assert (response.status_code, code_of(response)) == (403, "insufficient_scope")
    assert 'error="insufficient_scope"' in challenge(response)
    assert 'scope="memories:read integrations:read"' in challenge(response)
    assert response.json["scope"] == "memories:read integrations:read"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer unknown"}], ids=["no token", "an unknown token"])
def test_a_challenge_names_the_scopes_that_an_agent_needs(notebook, headers):
    """Whoever asks for less has to come again for the first thing that it saves."""
    response = notebook.app.test_client().get("/api/me/", headers=headers)
    assert 'scope="memories:read memories:write"' in challenge(response)


@row("bearer errors")
def test_two_scopes_are_both_demanded(notebook, signed_in, guarded):
    token = notebook.tokens(signed_in, scope="memories:read")["access_token"]
    assert guarded(token, "memories:read", "integrations:read").status_code == 403


@row("bearer errors")
def test_two_scopes_together_are_enough(notebook, signed_in, guarded):
    token = notebook.tokens(signed_in, scope="integrations:read memories:read")["access_token"]
    assert guarded(token, "memories:read", "integrations:read").status_code == 200


def test_a_scope_that_the_client_lost_is_missing_at_once(notebook, tokens, guarded, change_client):
    change_client(notebook, scope="integrations:read")
    assert guarded(tokens["access_token"], "memories:read").status_code == 403
    assert guarded(tokens["access_token"], "integrations:read").status_code == 200


def test_a_scope_that_the_user_took_back_is_missing_at_once(notebook, tokens, guarded, change_consent):
    change_consent(notebook, scope="integrations:read")
    assert guarded(tokens["access_token"], "memories:read").status_code == 403


def test_a_consent_to_more_does_not_widen_tokens_that_exist(notebook, signed_in, guarded):
    token = notebook.tokens(signed_in, scope="integrations:read")["access_token"]
    notebook.authorize(signed_in, scope="integrations:read memories:read")
    assert guarded(token, "memories:read").status_code == 403


# -- what a call leaves behind ---------------------------------------------------------------------


def test_a_call_says_when_the_consent_was_last_used_at_most_once_a_minute(app, notebook, tokens, let_time_pass):
    def last_used_at():
        app.extensions["services"].notes.of(LastUses).flush()
        with app.app_context():
            return db.session.get_one(Consent, tokens["grant_id"]).last_used_at

    assert last_used_at() is None
    notebook.me(tokens["access_token"])
    first = last_used_at()
    let_time_pass(seconds=30)
    notebook.me(tokens["access_token"])
    assert last_used_at() == first
    let_time_pass(seconds=31)
    notebook.me(tokens["access_token"])
    assert (last_used_at() - first).total_seconds() > 60


def test_a_refused_call_leaves_nothing_behind(app, notebook, tokens, change_client):
    change_client(notebook, suspended_at=clock.now())
    notebook.me(tokens["access_token"])
    with app.app_context():
        assert db.session.get_one(Consent, tokens["grant_id"]).last_used_at is None
