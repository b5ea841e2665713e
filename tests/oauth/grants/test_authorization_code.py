"""The authorization code grant (:rfc:`6749#section-4.1.3`): one client, one redirect URI, one minute, once."""

import json
import re

import pytest

from app import clock
from app.scopes import SCOPES
from tests.integrator import TOKEN, Integrator
from tests.stock.rows import row
from tests.tables import each


@pytest.fixture
def code(notebook, signed_in) -> str:
    """A fresh code of Acme Notebook's."""
    return notebook.code_by_consent(signed_in)


# -- the answer ------------------------------------------------------------------------------------


def test_the_token_response_holds_what_is_documented(notebook, code):
    response = notebook.exchange(code)
    assert response.status_code == 200
    assert response.json.keys() == {
        "access_token", "token_type", "expires_in", "refresh_token", "scope", "grant_id", "authorization_details",
    }  # fmt: skip
    assert response.json["token_type"] == "Bearer"
    assert response.json["scope"] == "memories:read integrations:read"


def test_the_token_response_is_json_that_nobody_may_store(notebook, code):
    """MUST include ``Cache-Control: no-store`` and ``Pragma: no-cache`` (:rfc:`6749#section-5.1`)."""
    response = notebook.exchange(code)
    assert response.mimetype == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Pragma"] == "no-cache"


def test_codes_and_tokens_are_256_random_bits_under_a_prefix_that_scanners_know(notebook, code):
    response = notebook.exchange(code)
    assert re.fullmatch("rlq_ac_[0-9a-f]{64}", code)
    assert re.fullmatch("rlq_at_[0-9a-f]{64}", response.json["access_token"])
    assert re.fullmatch("rlq_rt_[0-9a-f]{64}", response.json["refresh_token"])


def test_a_refresh_token_is_issued_without_asking_for_offline_access(pocket, signed_in):
    assert pocket.tokens(signed_in)["refresh_token"]


def test_everything_is_one_object_called_all(notebook, signed_in):
    assert notebook.tokens(signed_in)["authorization_details"] == [
        {
            "type": "memento",
            "identifier": "all",
            "actions": ["read"],
            "locations": ["http://127.0.0.1:8000/api/v1/"],
        }
    ]


def test_chosen_mementos_are_an_object_each_and_their_names_are_not_told(notebook, signed_in, make_memento):
    chosen, other = [make_memento("Recipes"), make_memento("Journeys")], make_memento("Diary")
    response = notebook.exchange(notebook.code(signed_in, choose={"selection": "selected", "memento_ids": chosen}))
    identifiers = [detail["identifier"] for detail in response.json["authorization_details"]]
    assert sorted(identifiers) == sorted(chosen)
    assert other not in response.text
    assert not any(name in response.text for name in ("Recipes", "Journeys", "Diary"))


def test_nothing_is_an_empty_list(notebook, signed_in):
    assert notebook.tokens(signed_in, choose={"selection": "none"})["authorization_details"] == []


def test_without_a_memories_scope_there_are_no_mementos(notebook, signed_in):
    tokens = notebook.tokens(signed_in)
    assert tokens["authorization_details"]
    assert notebook.tokens(signed_in, scope="integrations:read")["authorization_details"] == []


_ONE_MEMENTO, _OTHER_TYPE = '[{"type":"memento","identifier":"mem_1"}]', '[{"type":"payment"}]'


@each("details", [_ONE_MEMENTO, _OTHER_TYPE, "{}", "["])
def test_whoever_asks_for_less_than_was_chosen_is_not_given_all(notebook, signed_in, details):
    """ "The AS MUST refuse to process any unknown authorization details type" (:rfc:`9396#section-5`).

    Neither the code nor the refresh token is used up by the mistake.
    """
    code = notebook.code_by_consent(signed_in)
    refused = notebook.exchange(code, authorization_details=details)
    assert (refused.status_code, refused.json["error"]) == (400, "invalid_authorization_details")
    refresh_token = notebook.exchange(code).json["refresh_token"]
    assert notebook.refresh(refresh_token, authorization_details=details).json == refused.json
    assert notebook.refresh(refresh_token).status_code == 200
    assert notebook.client_credentials(authorization_details=details).json == refused.json


def test_mementos_may_be_asked_for_once_more(notebook, signed_in):
    """As a client does that sends the same with each request."""
    code = notebook.code_by_consent(signed_in)
    places = ["http://127.0.0.1:8000/api/v1/", "http://127.0.0.1:8000/mcp"]
    details = json.dumps([{"type": "memento", "actions": ["read"], "locations": places}])
    assert notebook.exchange(code, authorization_details=details).json["authorization_details"]


def test_tokens_of_two_flows_hang_on_one_consent(notebook, signed_in):
    assert notebook.tokens(signed_in)["grant_id"] == notebook.tokens(signed_in)["grant_id"]


# -- once ------------------------------------------------------------------------------------------


@row("replay")
def test_a_code_cannot_be_redeemed_twice(notebook, code):
    """The client MUST NOT use the authorization code more than once (:rfc:`6749#section-4.1.2`)."""
    assert notebook.exchange(code).status_code == 200
    response = notebook.exchange(code)
    assert (response.status_code, response.json["error"]) == (400, "invalid_grant")


@row("replay")
def test_a_code_that_comes_back_ends_the_access_token_it_gave(notebook, code):
    """SHOULD revoke all tokens previously issued based on that code (:rfc:`6749#section-4.1.2`)."""
    tokens = notebook.exchange(code).json
    notebook.exchange(code)
    assert not notebook.is_alive(tokens["access_token"])


@row("replay")
def test_a_code_that_comes_back_ends_the_refresh_token_it_gave(notebook, code):
    tokens = notebook.exchange(code).json
    notebook.exchange(code)
    assert notebook.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


@row("replay")
def test_a_code_that_comes_back_ends_also_what_was_refreshed_since(notebook, code):
    renewed = notebook.refresh(notebook.exchange(code).json["refresh_token"]).json
    notebook.exchange(code)
    assert not notebook.is_alive(renewed["access_token"])
    assert notebook.refresh(renewed["refresh_token"]).json["error"] == "invalid_grant"


def test_a_code_that_comes_back_late_still_ends_its_family(notebook, code, let_time_pass):
    tokens = notebook.exchange(code).json
    let_time_pass(minutes=30)
    assert notebook.exchange(code).json["error"] == "invalid_grant"
    assert not notebook.is_alive(tokens["access_token"])


def test_a_code_that_comes_back_leaves_other_families_alone(notebook, code, signed_in):
    others = notebook.tokens(signed_in)
    notebook.exchange(code)
    notebook.exchange(code)
    assert notebook.is_alive(others["access_token"])


@row("parallel redemption")
def test_one_of_two_parallel_redemptions_of_a_code_wins(notebook, code, at_once, grants):
    responses = at_once(lambda: notebook.exchange(code), after=(grants.authorization_code, "query_authorization_code"))
    assert sorted(response.status_code for response in responses) == [200, 400]
    assert {response.json.get("error") for response in responses} == {None, "invalid_grant"}


def test_two_parallel_redemptions_of_a_code_leave_nothing_alive(notebook, code, at_once, grants):
    responses = at_once(lambda: notebook.exchange(code), after=(grants.authorization_code, "query_authorization_code"))
    won = next(response.json for response in responses if response.status_code == 200)
    assert not notebook.is_alive(won["access_token"])
    assert notebook.refresh(won["refresh_token"]).json["error"] == "invalid_grant"


# -- one client, one redirect URI, one minute ------------------------------------------------------


@row("replay")
def test_another_clients_code_is_refused_and_stays_good_for_its_own(notebook, pocket, code):
    """MUST ensure that the code was issued to the authenticated client (:rfc:`6749#section-4.1.3`)."""
    thief = Integrator(
        pocket.app, pocket.client_id, None, notebook.redirect_uri, notebook.scope, code_verifier=notebook.code_verifier
    )
    response = thief.exchange(code)
    assert (response.status_code, response.json["error"]) == (400, "invalid_grant")
    assert notebook.exchange(code).status_code == 200


def test_another_client_cannot_end_a_family_by_replaying_its_code(notebook, pocket, code):
    tokens = notebook.exchange(code).json
    pocket.exchange(code)
    assert notebook.is_alive(tokens["access_token"])


@each("changed", ["https://notebook.acme.example/", "https://notebook.acme.example/callback/"])
def test_another_redirect_uri_is_refused(notebook, code, changed):
    """The values MUST be identical (:rfc:`6749#section-4.1.3`)."""
    response = notebook.exchange(code, redirect_uri=changed)
    assert (response.status_code, response.json["error"]) == (400, "invalid_grant")


def test_another_registered_redirect_uri_is_refused_too(register, signed_in):
    first, second = "https://app.acme.example/one", "https://app.acme.example/two"
    client = register(first, redirect_uris=[first, second])
    response = client.exchange(client.code_by_consent(signed_in), redirect_uri=second)
    assert (response.status_code, response.json["error"]) == (400, "invalid_grant")


@each("missing", ["code", "redirect_uri"])
def test_a_missing_parameter_is_named(notebook, code, missing):
    honest = {"grant_type": "authorization_code", "code": code, "redirect_uri": notebook.redirect_uri}
    response = notebook.post(TOKEN, honest | {missing: None})
    assert (response.status_code, response.json["error"]) == (400, "invalid_request")
    assert missing in response.json["error_description"]


@pytest.mark.parametrize("code", ["unknown", "rlq_ac_" + "0" * 64, "rlq_rt_" + "0" * 64])
def test_an_unknown_code_is_refused(notebook, code):
    response = notebook.exchange(code)
    assert (response.status_code, response.json["error"]) == (400, "invalid_grant")


@row("lifetimes")
def test_a_code_expires_after_sixty_seconds(notebook, code, let_time_pass):
    """The code MUST expire shortly after it is issued (:rfc:`6749#section-4.1.2`)."""
    let_time_pass(seconds=61)
    response = notebook.exchange(code)
    assert (response.status_code, response.json["error"]) == (400, "invalid_grant")


def test_a_code_lives_almost_sixty_seconds(notebook, code, let_time_pass):
    let_time_pass(seconds=58)
    assert notebook.exchange(code).status_code == 200


def test_how_long_a_code_lives_is_a_setting(notebook, signed_in, let_time_pass, change_settings):
    change_settings(authorization_code_lifetime=5)
    code = notebook.code_by_consent(signed_in)
    let_time_pass(seconds=6)
    assert notebook.exchange(code).json["error"] == "invalid_grant"


# -- against today's data --------------------------------------------------------------------------


def test_a_code_dies_with_its_consent(notebook, code, change_consent):
    change_consent(notebook, revoked_at=clock.now())
    assert notebook.exchange(code).json["error"] == "invalid_grant"


def test_a_code_dies_when_its_consent_has_come_to_its_end(notebook, code, change_consent):
    change_consent(notebook, expires_at=clock.now())
    assert notebook.exchange(code).json["error"] == "invalid_grant"


def test_a_suspended_client_cannot_redeem(notebook, code, change_client):
    change_client(notebook, suspended_at=clock.now())
    response = notebook.exchange(code)
    assert (response.status_code, response.json["error"]) == (401, "invalid_client")


def test_a_deleted_client_cannot_redeem(notebook, code, delete_client):
    delete_client(notebook)
    response = notebook.exchange(code)
    assert (response.status_code, response.json["error"]) == (401, "invalid_client")


def test_a_code_gives_no_scope_that_the_client_lost_meanwhile(notebook, code, change_client):
    change_client(notebook, scope="memories:read")
    tokens = notebook.exchange(code).json
    assert notebook.introspect(tokens["access_token"]).json["scope"] == "memories:read"
    # MUST be told when it is not what was asked for (RFC 6749 section 5.1).
    assert tokens["scope"] == "memories:read"


def test_a_code_of_which_no_scope_is_left_gives_nothing(notebook, code, change_client):
    change_client(notebook, scope="memories:write")
    assert notebook.exchange(code).json.get("error") in ("invalid_scope", "invalid_grant")


def test_all_scopes_of_the_client_are_the_default(notebook, signed_in):
    """An omitted scope means a pre-defined default value (:rfc:`6749#section-3.3`)."""
    assert notebook.tokens(signed_in, scope=None)["scope"] == " ".join(SCOPES)
