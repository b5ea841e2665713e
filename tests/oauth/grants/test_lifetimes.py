"""Tokens live as long as their client is registered for, within the server's own bounds."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from app import clock
from app.extensions import db
from app.oauth.tokens.access import AccessToken
from app.oauth.tokens.family import TokenFamily
from app.oauth.tokens.refresh import RefreshToken


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


# -- how long a family is refreshed ----------------------------------------------------------------

WEB = "https://spa.acme.example/callback"
PUBLIC = {"type": "public"}


def refresh_every(client, tokens: dict, let_time_pass, days: int, *, most: int = 100) -> int:
    """Refresh every so many days; after how many of them it was refused."""
    for passed in range(days, most * days, days):
        let_time_pass(days=days)
        response = client.refresh(tokens["refresh_token"])
        if response.status_code != 200:
            assert response.json["error"] == "invalid_grant"
            return passed
        tokens = response.json
    raise AssertionError("It was never refused.")


def test_a_public_client_of_a_web_page_keeps_the_end_of_its_first_refresh_token(register, signed_in, let_time_pass):
    """MUST NOT extend the lifetime of the new refresh token beyond that of the initial one (:rfc:`10017#section-6.3.2.3`)."""
    page = register(WEB, **PUBLIC)
    assert refresh_every(page, page.tokens(signed_in), let_time_pass, 7) == 35


@pytest.mark.parametrize(
    ("uris", "more"),
    [
        (["http://127.0.0.1:8400/callback"], {}),
        (["http://[::1]:8400/callback"], {}),
        (["http://localhost:3000/callback"], {}),
        (["com.example.app:/callback"], {}),
        (["com.example.app:/callback", "http://127.0.0.1/callback"], {"native_app": True}),
        # A native app may claim an https address (RFC 8252 section 7.2); its admins say that it is one.
        (["https://app.acme.example/claimed"], {"native_app": True}),
    ],
    ids=str,
)
def test_a_native_client_slides_thirty_days_from_its_last_rotation(register, signed_in, let_time_pass, uris, more):
    native = register(uris[0], redirect_uris=uris, **PUBLIC, **more)
    assert refresh_every(native, native.tokens(signed_in), let_time_pass, 29) == 377


def test_one_web_page_among_its_addresses_is_enough(register, signed_in, let_time_pass):
    """A page in development is at loopback, too; which of the two holds a token nobody can tell."""
    page = register("http://localhost:3000/callback", redirect_uris=["http://localhost:3000/callback", WEB], **PUBLIC)
    assert refresh_every(page, page.tokens(signed_in), let_time_pass, 29) == 58


def test_a_confidential_client_of_a_web_page_slides(notebook, signed_in, let_time_pass):
    """It proves who it is each time."""
    assert refresh_every(notebook, notebook.tokens(signed_in), let_time_pass, 29) == 377


def test_the_end_that_a_web_page_keeps_is_its_own_lifetime_where_that_is_shorter(register, signed_in, let_time_pass):
    page = register(WEB, refresh_token_lifetime=10 * 24 * 3600, **PUBLIC)
    assert refresh_every(page, page.tokens(signed_in), let_time_pass, 4) == 12


def test_a_repetition_within_the_grace_does_not_put_the_end_off(register, signed_in, let_time_pass):
    page = register(WEB, **PUBLIC)
    first = page.tokens(signed_in)["refresh_token"]
    let_time_pass(days=29)
    page.refresh(first)
    let_time_pass(seconds=20)
    again = page.refresh(first).json
    let_time_pass(days=1)
    assert page.refresh(again["refresh_token"]).json["error"] == "invalid_grant"


def test_every_family_ends_a_year_after_it_began(notebook, signed_in, let_time_pass):
    """Its last tokens say so, and are dead then."""
    tokens = notebook.tokens(signed_in)
    for _ in range(18):
        let_time_pass(days=20)
        tokens = notebook.refresh(tokens["refresh_token"]).json
    let_time_pass(days=4, hours=23, minutes=59)
    last = notebook.refresh(tokens["refresh_token"]).json
    assert 0 < last["expires_in"] <= 60
    assert notebook.is_alive(last["access_token"])
    let_time_pass(minutes=1, seconds=1)
    assert not notebook.is_alive(last["access_token"])
    assert notebook.refresh(last["refresh_token"]).json["error"] == "invalid_grant"


def test_a_family_from_before_that_rule_ends_after_a_year_too(app, notebook, tokens, let_time_pass):
    """Tokens that were stored with a later end are dead all the same, and nobody is told otherwise."""
    began = clock.now() - timedelta(days=364)
    with app.app_context():
        db.session.execute(update(TokenFamily).values(issued_at=began))
        db.session.execute(update(AccessToken).values(expires_at=clock.now() + timedelta(days=30)))
        db.session.commit()
    end = (began + timedelta(days=365)).timestamp()
    for kind in ("access_token", "refresh_token"):
        assert notebook.introspect(tokens[kind]).json["exp"] == int(end)
    let_time_pass(days=1, seconds=1)
    assert not notebook.is_alive(tokens["access_token"])
    assert notebook.introspect(tokens["access_token"]).json == {"active": False}
    assert notebook.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


# -- nothing outlives the consent ------------------------------------------------------------------


@pytest.fixture
def end_in(change_consent, notebook):
    """Give Alice's consent an end, in so many seconds."""
    return lambda seconds: change_consent(notebook, expires_at=clock.now() + timedelta(seconds=seconds))


def told_ends(notebook, tokens: dict) -> list[float]:
    """When the tokens end, as introspection says, in seconds from now."""
    now = clock.now().timestamp()
    return [notebook.introspect(tokens[kind]).json["exp"] - now for kind in ("access_token", "refresh_token")]


def test_a_redeemed_code_promises_nothing_beyond_the_consents_end(notebook, signed_in, end_in):
    code = notebook.code_by_consent(signed_in)
    end_in(100)
    tokens = notebook.exchange(code).json
    assert 95 <= tokens["expires_in"] <= 100
    assert all(95 <= end <= 100 for end in told_ends(notebook, tokens))


def test_a_refresh_promises_nothing_beyond_the_consents_end(notebook, tokens, end_in):
    end_in(100)
    renewed = notebook.refresh(tokens["refresh_token"]).json
    assert 95 <= renewed["expires_in"] <= 100
    assert all(95 <= end <= 100 for end in told_ends(notebook, renewed))


def test_a_repetition_within_the_grace_promises_nothing_beyond_the_consents_end(notebook, tokens, end_in):
    notebook.refresh(tokens["refresh_token"])
    end_in(100)
    assert 95 <= notebook.refresh(tokens["refresh_token"]).json["expires_in"] <= 100


def test_introspection_says_at_once_that_the_person_has_shortened_it(notebook, tokens, signed_in, end_in):
    """Also of tokens that were promised longer."""
    assert all(end > 3500 for end in told_ends(notebook, tokens))
    end_in(2 * 24 * 3600)
    page = signed_in.get(f"/account/apps/{tokens['grant_id']}/")
    signed_in.submit(page, until="day")
    assert told_ends(notebook, tokens)[1] <= 24 * 3600
    end_in(100)
    assert all(95 <= end <= 100 for end in told_ends(notebook, tokens))


def test_what_is_promised_is_kept_when_the_person_puts_the_end_off(notebook, signed_in, end_in, let_time_pass):
    code = notebook.code_by_consent(signed_in)
    end_in(100)
    tokens = notebook.exchange(code).json
    end_in(10_000)
    let_time_pass(seconds=200)
    assert notebook.is_alive(tokens["access_token"])
    assert notebook.refresh(tokens["refresh_token"]).status_code == 200


def test_a_token_without_a_person_knows_no_consent(notebook):
    assert notebook.client_credentials().json["expires_in"] == 3600
