"""The refresh token grant (:rfc:`6749#section-6`): rotated on every use, and what comes back ends the family.

What comes back is told here without a grace. How the default differs is in ``test_refresh_grace``, where each of these
tests has its twin.
"""

import pytest

from app import clock
from tests.stock.rows import row
from tests.tables import each

# -- rotation --------------------------------------------------------------------------------------


@row("rotation")
def test_every_use_gives_new_tokens(notebook, tokens):
    """Refresh tokens of public clients MUST be sender-constrained or rotated (:rfc:`9700#section-4.14.2`)."""
    renewed = notebook.refresh(tokens["refresh_token"]).json
    assert renewed["access_token"] not in (None, tokens["access_token"])
    assert renewed["refresh_token"] not in (None, tokens["refresh_token"])
    assert renewed["scope"] == tokens["scope"]


def test_the_answer_holds_what_the_first_one_held(notebook, tokens):
    response = notebook.refresh(tokens["refresh_token"])
    assert response.json.keys() == tokens.keys()
    assert response.json["grant_id"] == tokens["grant_id"]
    assert response.json["authorization_details"] == tokens["authorization_details"]
    assert response.headers["Cache-Control"] == "no-store"


@row("rotation")
def test_the_live_access_token_survives_the_rotation(notebook, tokens):
    notebook.refresh(tokens["refresh_token"])
    assert notebook.is_alive(tokens["access_token"])


@row("rotation")
def test_a_narrowed_scope_narrows_the_access_token_alone(notebook, tokens):
    """The new refresh token's scope MUST be identical to that of the presented one (:rfc:`6749#section-6`)."""
    narrow = notebook.refresh(tokens["refresh_token"], scope="integrations:read").json
    assert narrow["scope"] == "integrations:read"
    assert notebook.refresh(narrow["refresh_token"]).json["scope"] == "memories:read integrations:read"


@each("scope", ["memories:read memories:write", "integrations:write", "unknown", "memories:"])
def test_more_scope_than_was_granted_is_refused(notebook, tokens, scope):
    """MUST NOT include any scope not originally granted (:rfc:`6749#section-6`)."""
    response = notebook.refresh(tokens["refresh_token"], scope=scope)
    assert (response.status_code, response.json["error"]) == (400, "invalid_scope")


def test_a_refusal_for_its_scope_leaves_the_refresh_token_unused(notebook, tokens):
    notebook.refresh(tokens["refresh_token"], scope="memories:write")
    assert notebook.refresh(tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("scope", ["", "offline_access", "memories:read integrations:read offline_access"])
def test_offline_access_and_an_empty_scope_change_nothing(notebook, tokens, scope):
    """But for the answer, which tells ``offline_access`` back to whoever asked for it."""
    renewed = notebook.refresh(tokens["refresh_token"], scope=scope)
    assert renewed.json["scope"].removesuffix(" offline_access") == "memories:read integrations:read"
    assert notebook.introspect(renewed.json["access_token"]).json["scope"] == "memories:read integrations:read"


# -- what comes back -------------------------------------------------------------------------------


@row("replay")
def test_a_rotated_refresh_token_is_refused(strict, notebook, tokens):
    notebook.refresh(tokens["refresh_token"])
    response = notebook.refresh(tokens["refresh_token"])
    assert (response.status_code, response.json["error"]) == (400, "invalid_grant")


@row("replay")
def test_a_rotated_refresh_token_that_comes_back_ends_its_successor(strict, notebook, tokens):
    """The authorization server will revoke the active refresh token (:rfc:`9700#section-4.14.2`)."""
    renewed = notebook.refresh(tokens["refresh_token"]).json
    notebook.refresh(tokens["refresh_token"])
    assert notebook.refresh(renewed["refresh_token"]).json["error"] == "invalid_grant"


@row("replay")
def test_a_rotated_refresh_token_that_comes_back_ends_the_newest_access_token(strict, notebook, tokens):
    renewed = notebook.refresh(tokens["refresh_token"]).json
    notebook.refresh(tokens["refresh_token"])
    assert not notebook.is_alive(renewed["access_token"])


@row("replay")
def test_an_old_ancestor_that_comes_back_ends_the_whole_family(strict, notebook, tokens):
    latest = tokens
    for _ in range(3):
        latest = notebook.refresh(latest["refresh_token"]).json
    notebook.refresh(tokens["refresh_token"])
    assert not notebook.is_alive(latest["access_token"])
    assert notebook.refresh(latest["refresh_token"]).json["error"] == "invalid_grant"


def test_a_family_that_ended_leaves_the_consent_and_other_families_alone(strict, notebook, tokens, signed_in):
    others = notebook.tokens(signed_in)
    notebook.refresh(tokens["refresh_token"])
    notebook.refresh(tokens["refresh_token"])
    assert notebook.is_alive(others["access_token"])


@row("replay")
def test_another_clients_refresh_token_is_refused_and_stays_good_for_its_own(notebook, tokens, pocket):
    """Bound to the client to which it was issued (:rfc:`6749#section-6`)."""
    response = pocket.refresh(tokens["refresh_token"])
    assert response.status_code in (400, 401)
    assert notebook.refresh(tokens["refresh_token"]).status_code == 200


def test_another_client_cannot_end_a_family_by_replaying_its_refresh_token(strict, notebook, pocket, tokens):
    renewed = notebook.refresh(tokens["refresh_token"]).json
    assert pocket.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert notebook.is_alive(renewed["access_token"])


@row("parallel redemption")
def test_one_of_two_parallel_refreshes_wins(strict, notebook, tokens, at_once, grants):
    responses = at_once(
        lambda: notebook.refresh(tokens["refresh_token"]), after=(grants.refresh_token, "authenticate_refresh_token")
    )
    assert sorted(response.status_code for response in responses) == [200, 400]
    assert {response.json.get("error") for response in responses} == {None, "invalid_grant"}


def test_two_parallel_refreshes_leave_nothing_alive(strict, notebook, tokens, at_once, grants):
    responses = at_once(
        lambda: notebook.refresh(tokens["refresh_token"]), after=(grants.refresh_token, "authenticate_refresh_token")
    )
    won = next(response.json for response in responses if response.status_code == 200)
    assert not notebook.is_alive(won["access_token"])
    assert not notebook.is_alive(tokens["access_token"])
    assert notebook.refresh(won["refresh_token"]).json["error"] == "invalid_grant"


def test_without_a_grace_there_is_no_second_answer(strict, notebook, tokens, let_time_pass):
    notebook.refresh(tokens["refresh_token"])
    let_time_pass(seconds=0)
    assert notebook.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


# -- for how long ----------------------------------------------------------------------------------


@row("lifetimes")
def test_a_refresh_token_expires_after_thirty_days(notebook, tokens, let_time_pass):
    let_time_pass(days=30, seconds=1)
    response = notebook.refresh(tokens["refresh_token"])
    assert (response.status_code, response.json["error"]) == (400, "invalid_grant")


def test_each_rotation_gives_thirty_days_more(notebook, tokens, let_time_pass):
    for _ in range(3):
        let_time_pass(days=29)
        response = notebook.refresh(tokens["refresh_token"])
        assert response.status_code == 200, response.text
        tokens = response.json


def test_how_long_a_refresh_token_lives_is_a_setting(notebook, signed_in, let_time_pass, change_settings):
    change_settings(refresh_token_lifetime=100)
    tokens = notebook.tokens(signed_in)
    let_time_pass(seconds=101)
    assert notebook.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


# -- against today's data --------------------------------------------------------------------------


def test_a_refresh_token_dies_with_its_consent(notebook, tokens, change_consent):
    change_consent(notebook, revoked_at=clock.now())
    assert notebook.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


def test_a_refresh_token_dies_when_its_consent_has_come_to_its_end(notebook, tokens, change_consent):
    change_consent(notebook, expires_at=clock.now())
    assert notebook.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


def test_a_refresh_token_of_a_suspended_client_is_of_no_use(notebook, tokens, change_client):
    change_client(notebook, suspended_at=clock.now())
    response = notebook.refresh(tokens["refresh_token"])
    assert (response.status_code, response.json["error"]) == (401, "invalid_client")


def test_a_scope_that_the_client_lost_is_not_refreshed(notebook, tokens, change_client):
    change_client(notebook, scope="integrations:read memories:write")
    assert notebook.refresh(tokens["refresh_token"]).json["scope"] == "integrations:read"


def test_a_scope_that_the_user_no_longer_allows_is_not_refreshed(notebook, tokens, change_consent):
    change_consent(notebook, scope="integrations:read")
    assert notebook.refresh(tokens["refresh_token"]).json["scope"] == "integrations:read"


def test_when_no_scope_is_left_there_is_nothing_to_refresh(notebook, tokens, change_client):
    change_client(notebook, scope="memories:write")
    assert notebook.refresh(tokens["refresh_token"]).json["error"] == "invalid_scope"


# -- malformed -------------------------------------------------------------------------------------


def test_a_missing_refresh_token_is_named(notebook):
    response = notebook.refresh(None)
    assert (response.status_code, response.json["error"]) == (400, "invalid_request")
    assert "refresh_token" in response.json["error_description"]


def test_an_access_token_is_no_refresh_token(notebook, tokens):
    response = notebook.refresh(tokens["access_token"])
    assert (response.status_code, response.json["error"]) == (400, "invalid_grant")


def test_a_refresh_token_is_no_code(notebook, tokens):
    response = notebook.exchange(tokens["refresh_token"])
    assert (response.status_code, response.json["error"]) == (400, "invalid_grant")
