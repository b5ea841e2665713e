"""The refresh grace (:rfc:`9700#section-4.14.2`): a lost answer may be asked for again, and theft is noticed all the same.

The default is thirty seconds. Each test of ``test_refresh_token`` that is without a grace has its twin here.
"""

import pytest

from app import credentials
from app.extensions import db
from app.oauth.grants.refresh_token import RefreshTokenGrant
from app.oauth.tokens.refresh import RefreshToken

#: How often a successor is given again.
REPEATS = 5


@pytest.fixture(params=[pytest.param(None, id="by default"), pytest.param(10, id="as set")])
def grace(request, app, change_settings) -> int:
    """How many seconds the grace is: the default, or what an operator has set."""
    if request.param is not None:
        change_settings(refresh_token_grace=request.param)
    return app.extensions["services"].settings.refresh_token_grace


@pytest.fixture
def stored(app):
    """What is stored of a refresh token."""

    def stored(refresh_token: str) -> RefreshToken:
        with app.app_context():
            return db.session.get_one(RefreshToken, credentials.digest(refresh_token))

    return stored


def test_the_grace_is_thirty_seconds_unless_an_operator_says_otherwise(app):
    assert app.extensions["services"].settings.refresh_token_grace == 30


# -- a lost answer ---------------------------------------------------------------------------------


def test_within_the_grace_the_predecessor_gets_the_same_successor_again(notebook, grace, tokens, let_time_pass):
    first = notebook.refresh(tokens["refresh_token"]).json
    let_time_pass(seconds=grace - 1)
    again = notebook.refresh(tokens["refresh_token"])
    assert again.status_code == 200, again.text
    assert again.json["refresh_token"] == first["refresh_token"]
    assert again.json["access_token"] != first["access_token"]


def test_what_is_given_within_the_grace_works(notebook, grace, tokens):
    first = notebook.refresh(tokens["refresh_token"]).json
    again = notebook.refresh(tokens["refresh_token"]).json
    assert notebook.is_alive(first["access_token"])
    assert notebook.is_alive(again["access_token"])
    assert notebook.refresh(again["refresh_token"]).status_code == 200


def test_after_the_grace_the_predecessor_ends_the_family(notebook, grace, tokens, let_time_pass):
    first = notebook.refresh(tokens["refresh_token"]).json
    let_time_pass(seconds=grace + 1)
    assert notebook.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert not notebook.is_alive(first["access_token"])


def test_nor_is_one_repeated_that_was_rotated_by_a_clock_far_ahead(notebook, grace, tokens, let_time_pass):
    """When that is put right, it would be so for as long as it was ahead."""
    let_time_pass(hours=1)
    following = notebook.refresh(tokens["refresh_token"]).json
    let_time_pass(hours=-1)
    assert notebook.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert notebook.refresh(following["refresh_token"]).json["error"] == "invalid_grant"


def test_the_grace_is_not_prolonged_by_using_it(notebook, grace, tokens, let_time_pass):
    notebook.refresh(tokens["refresh_token"])
    let_time_pass(seconds=grace - 1)
    notebook.refresh(tokens["refresh_token"])
    let_time_pass(seconds=2)
    assert notebook.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


def test_once_the_successor_is_used_the_predecessor_ends_the_family(notebook, grace, tokens):
    first = notebook.refresh(tokens["refresh_token"]).json
    second = notebook.refresh(first["refresh_token"]).json
    assert notebook.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert not notebook.is_alive(second["access_token"])
    assert notebook.refresh(second["refresh_token"]).json["error"] == "invalid_grant"


def test_within_the_grace_a_narrowed_scope_does_not_narrow_the_successor(notebook, grace, tokens):
    notebook.refresh(tokens["refresh_token"])
    again = notebook.refresh(tokens["refresh_token"], scope="integrations:read").json
    assert again["scope"] == "integrations:read"
    assert notebook.refresh(again["refresh_token"]).json["scope"] == "memories:read integrations:read"


def test_within_the_grace_nothing_is_given_of_a_family_that_ended(notebook, grace, tokens):
    renewed = notebook.refresh(tokens["refresh_token"]).json
    notebook.revoke(renewed["refresh_token"])
    assert notebook.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


def test_within_the_grace_two_parallel_refreshes_get_the_same_successor(notebook, grace, tokens, at_once, grants):
    responses = at_once(
        lambda: notebook.refresh(tokens["refresh_token"]), after=(grants.refresh_token, "authenticate_refresh_token")
    )
    assert [response.status_code for response in responses] == [200, 200]
    assert len({response.json["refresh_token"] for response in responses}) == 1
    assert all(notebook.is_alive(response.json["access_token"]) for response in responses)


def test_a_grace_that_is_switched_off_holds_no_longer(notebook, grace, tokens, change_settings):
    notebook.refresh(tokens["refresh_token"])
    change_settings(refresh_token_grace=0)
    assert notebook.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


# -- how often -------------------------------------------------------------------------------------


@pytest.fixture(params=["notebook", "pocket"])
def integrator(request):
    """The confidential and the public client in turn."""
    return request.getfixturevalue(request.param)


def test_five_times_the_same_successor_is_given_again(integrator, signed_in):
    first = integrator.tokens(signed_in)["refresh_token"]
    answers = [integrator.refresh(first) for _ in range(1 + REPEATS)]
    assert [answer.status_code for answer in answers] == [200] * (1 + REPEATS)
    assert len({answer.json["refresh_token"] for answer in answers}) == 1
    assert len({answer.json["access_token"] for answer in answers}) == 1 + REPEATS


def test_the_sixth_time_is_a_replay_that_ends_the_family(integrator, signed_in):
    """Neither a lost answer nor an app's few processes that refresh at once: somebody else holds it too."""
    first = integrator.tokens(signed_in)["refresh_token"]
    latest = [integrator.refresh(first) for _ in range(1 + REPEATS)][-1].json
    assert integrator.refresh(first).json["error"] == "invalid_grant"
    assert not integrator.is_alive(latest["access_token"])
    assert integrator.refresh(latest["refresh_token"]).json["error"] == "invalid_grant"


def test_each_token_of_a_family_may_be_repeated_five_times(notebook, tokens):
    latest = tokens["refresh_token"]
    for _ in range(3):
        answers = [notebook.refresh(latest) for _ in range(1 + REPEATS)]
        assert [answer.status_code for answer in answers] == [200] * (1 + REPEATS)
        latest = answers[-1].json["refresh_token"]


def test_a_successor_that_is_used_at_the_same_moment_is_not_given_again(notebook, tokens, monkeypatch):
    """The row count decides: what the request had read is no longer so when it is about to answer."""
    second = notebook.refresh(tokens["refresh_token"]).json["refresh_token"]
    read = RefreshTokenGrant.authenticate_refresh_token

    def read_and_wait(grant, refresh_token):
        found = read(grant, refresh_token)
        if refresh_token == tokens["refresh_token"]:
            assert notebook.refresh(second).status_code == 200
        return found

    monkeypatch.setattr(RefreshTokenGrant, "authenticate_refresh_token", read_and_wait)
    assert notebook.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


def test_a_token_that_was_rotated_before_there_was_a_grace_is_not_repeated(notebook, tokens, change_settings):
    """Nothing was kept that could give its successor again."""
    change_settings(refresh_token_grace=0)
    notebook.refresh(tokens["refresh_token"])
    change_settings(refresh_token_grace=30)
    assert notebook.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


def test_what_is_stored_does_not_give_the_successor_away(notebook, tokens, stored):
    """A copy of the database holds a salt and digests: without the old token itself they lead nowhere."""
    second = notebook.refresh(tokens["refresh_token"]).json["refresh_token"]
    old = stored(tokens["refresh_token"])
    assert credentials.successor(tokens["refresh_token"], old.successor_salt) == second
    values = [str(value) for value in vars(old).values()]
    assert not any(second[len(credentials.REFRESH_TOKEN) :] in value for value in values)


def test_a_refusal_for_its_scope_counts_as_no_repeat(notebook, tokens, stored):
    notebook.refresh(tokens["refresh_token"])
    notebook.refresh(tokens["refresh_token"], scope="memories:write")
    assert stored(tokens["refresh_token"]).repeats == 0


# -- the twins: what is a replay by default --------------------------------------------------------


@pytest.fixture(params=["the successor was used", "the time is over", "it was repeated five times"])
def past_grace(request, notebook, let_time_pass):
    """Rotate a refresh token and bring it beyond its grace, by each way; the family's newest tokens."""

    def rotate(refresh_token: str) -> dict:
        latest = notebook.refresh(refresh_token).json
        if request.param == "the successor was used":
            return notebook.refresh(latest["refresh_token"]).json
        if request.param == "the time is over":
            let_time_pass(seconds=31)
            return latest
        return [notebook.refresh(refresh_token) for _ in range(REPEATS)][-1].json

    return rotate


def test_by_default_too_a_rotated_refresh_token_is_refused(notebook, tokens, past_grace):
    past_grace(tokens["refresh_token"])
    response = notebook.refresh(tokens["refresh_token"])
    assert (response.status_code, response.json["error"]) == (400, "invalid_grant")


def test_by_default_too_a_rotated_refresh_token_that_comes_back_ends_its_successor(notebook, tokens, past_grace):
    """The authorization server will revoke the active refresh token (:rfc:`9700#section-4.14.2`)."""
    latest = past_grace(tokens["refresh_token"])
    notebook.refresh(tokens["refresh_token"])
    assert notebook.refresh(latest["refresh_token"]).json["error"] == "invalid_grant"


def test_by_default_too_it_ends_the_newest_access_token(notebook, tokens, past_grace):
    latest = past_grace(tokens["refresh_token"])
    assert notebook.is_alive(latest["access_token"])
    notebook.refresh(tokens["refresh_token"])
    assert not notebook.is_alive(latest["access_token"])


def test_by_default_too_an_old_ancestor_ends_the_whole_family(notebook, tokens):
    """Only the immediate predecessor is ever repeated, however little time has passed."""
    latest = tokens
    for _ in range(3):
        latest = notebook.refresh(latest["refresh_token"]).json
    assert notebook.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert not notebook.is_alive(latest["access_token"])
    assert notebook.refresh(latest["refresh_token"]).json["error"] == "invalid_grant"


def test_by_default_too_a_family_that_ended_leaves_other_families_alone(notebook, tokens, signed_in, past_grace):
    others = notebook.tokens(signed_in)
    past_grace(tokens["refresh_token"])
    notebook.refresh(tokens["refresh_token"])
    assert notebook.is_alive(others["access_token"])


def test_by_default_too_another_client_ends_nothing_by_replaying(notebook, pocket, tokens, past_grace):
    latest = past_grace(tokens["refresh_token"])
    assert pocket.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert notebook.is_alive(latest["access_token"])


def test_another_client_uses_no_repeat_up(notebook, pocket, tokens, stored):
    notebook.refresh(tokens["refresh_token"])
    assert pocket.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert stored(tokens["refresh_token"]).repeats == 0
