"""The waiting request: ten minutes, one browser, one person, one answer, and replayed against today's data."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import func, select

from app import clock
from app.accounts.sessions import end_sessions
from app.consents.models import Consent
from app.extensions import db
from app.oauth.authorization_request import AuthorizationRequest
from app.oauth.grants.authorize import AuthorizeGrant
from app.oauth.journal.record import ERROR_PAGE
from app.oauth.tokens.code import AuthorizationCode
from tests.actors import Browser
from tests.oauth.journal.test_reasons import WRONG_AT_AUTHORIZE
from tests.tables import each


@pytest.fixture
def count(app):
    """How many rows a model has."""

    def count(model) -> int:
        with app.app_context():
            return db.session.scalar(select(func.count()).select_from(model))

    return count


@pytest.fixture
def consent_page(notebook, signed_in):
    """The screen that Alice signs."""
    return signed_in.follow(signed_in.submit(notebook.start(signed_in), press="Continue", selection="all"))


def assert_expired(response) -> None:
    """A page that says so and how to start again."""
    assert (response.status_code, response.mimetype) == (410, "text/html")
    assert "has expired" in response.text
    assert "start again" in response.text
    assert "Location" not in response.headers


def assert_answered(response) -> None:
    assert (response.status_code, response.mimetype) == (410, "text/html")
    assert "already answered" in response.text


# -- for how long ----------------------------------------------------------------------------------


def test_it_waits_almost_ten_minutes(notebook, signed_in, let_time_pass):
    page = notebook.start(signed_in)
    let_time_pass(seconds=590)
    assert signed_in.submit(page, press="Continue", selection="all").status_code == 303


def test_after_ten_minutes_a_page_says_how_to_start_again(notebook, signed_in, let_time_pass):
    page = notebook.start(signed_in)
    let_time_pass(seconds=601)
    assert_expired(signed_in.submit(page, press="Continue", selection="all"))


def test_after_ten_minutes_the_answer_itself_is_too_late(count, consent_page, signed_in, let_time_pass):
    let_time_pass(seconds=601)
    assert_expired(signed_in.submit(consent_page, press="Authorize"))
    assert count(AuthorizationCode) == count(Consent) == 0


def test_after_ten_minutes_at_the_sign_in_it_is_too_late(notebook, browser, alice, let_time_pass):
    page = notebook.start(browser)
    let_time_pass(seconds=601)
    assert_expired(browser.follow(browser.submit(page, email=alice.email, password=alice.password)))


def test_each_step_renews_it(notebook, browser, alice, let_time_pass):
    page = notebook.start(browser)
    let_time_pass(seconds=500)
    page = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    let_time_pass(seconds=500)
    page = browser.follow(browser.submit(page, press="Continue", selection="all"))
    let_time_pass(seconds=500)
    assert "code" in notebook.answer(browser.submit(page, press="Authorize"))


def test_but_not_for_more_than_an_hour(notebook, signed_in, let_time_pass):
    page = notebook.start(signed_in)
    for _ in range(6):
        let_time_pass(seconds=590)
        page = signed_in.get(page.request.full_path)
        assert page.status_code == 200
    let_time_pass(seconds=590)
    assert_expired(signed_in.get(page.request.full_path))


def test_how_long_it_waits_is_a_setting(notebook, signed_in, let_time_pass, change_settings):
    change_settings(authorization_request_lifetime=60)
    page = notebook.start(signed_in)
    let_time_pass(seconds=61)
    assert_expired(signed_in.submit(page, press="Continue", selection="all"))


# -- what it survives ------------------------------------------------------------------------------


def test_it_survives_signing_in(notebook, browser, alice):
    page = notebook.start(browser)
    page = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    page = browser.follow(browser.submit(page, press="Continue", selection="all"))
    assert notebook.answer(browser.submit(page, press="Authorize"))["state"] == notebook.state


@each(("change", "error", "_reason"), [row for row in WRONG_AT_AUTHORIZE if row[1] != ERROR_PAGE])
def test_what_is_refused_is_refused_too_to_somebody_who_signs_in_on_the_way(
    pocket, browser, alice, change, error, _reason
):
    """Whatever a check looks at is kept until then."""
    address = pocket.start(browser, **change).request.url
    browser.enter(alice)
    (onward,) = parse_qs(urlsplit(address).query)["next"]
    assert pocket.answer(browser.follow(browser.get(onward)))["error"] == error


def test_it_survives_signing_up(notebook, browser):
    page = notebook.start(browser, scope="memories:read profile")
    sign_up = next(path for path in page.text.split('"') if path.startswith("/sign-up")).replace("&amp;", "&")
    page = browser.finish_sign_up(browser.get(sign_up), "dora@home.example", password="the password of D.D.")
    page = browser.follow(page)
    page = browser.follow(browser.submit(page, press="Continue", selection="none"))
    answer = notebook.answer(browser.submit(page, press="Authorize"))
    tokens = notebook.exchange(answer["code"]).json
    assert notebook.me(tokens["access_token"]).json["email"] == "dora@home.example"


def test_it_waits_for_the_letter_of_a_sign_up_for_an_hour_at_most(notebook, browser, monkeypatch):
    real = clock.now
    page = notebook.start(browser, scope="memories:read profile")
    sign_up = next(path for path in page.text.split('"') if path.startswith("/sign-up")).replace("&amp;", "&")
    fields = {"email": "dora@home.example", "name": "Dora", "password": "a password of Dora's own"}
    browser.submit(browser.get(sign_up), **fields)
    link = browser.find_letter("dora@home.example").link("/sign-up/confirm/")
    for minutes, shown in ((45, "Notebook"), (61, "Finish your account")):
        monkeypatch.setattr("app.clock.now", lambda minutes=minutes: real() + timedelta(minutes=minutes))
        assert shown in browser.get(link).text
    assert "Notebook" not in browser.get(link).text
    monkeypatch.setattr("app.clock.now", lambda: real() + timedelta(minutes=45))
    page = browser.follow(browser.submit(browser.get(link), press="Finish and sign in"))
    assert page.request.path == "/oauth/authorize/mementos"


def test_it_waits_too_for_who_follows_the_letter_of_somebody_elses_sign_up(app, notebook, browser, monkeypatch):
    stranger, real = Browser(app), clock.now
    typed = {"email": "dora@home.example", "name": "Win", "password": "the stranger's password"}
    while stranger.submit(stranger.get("/sign-up"), **typed).status_code == 303:
        pass
    page = notebook.start(browser, scope="memories:read profile")
    sign_up = next(path for path in page.text.split('"') if path.startswith("/sign-up")).replace("&amp;", "&")
    own = {"name": "Dora", "password": "a password of Dora's own"}
    assert browser.submit(browser.get(sign_up), **typed | own).status_code == 429
    link = browser.find_letter("dora@home.example").link("/sign-up/confirm/")
    monkeypatch.setattr("app.clock.now", lambda: real() + timedelta(minutes=45))
    page = browser.get(f"{link}/own")
    assert "Acme Notebook" in page.text and "form-action" not in page.headers["Content-Security-Policy"]
    assert "Acme Notebook" not in Browser(app).get(f"{link}/own").text
    page = browser.follow(browser.submit(page, **own))
    assert page.request.path == "/oauth/authorize/mementos"


def test_it_waits_too_for_the_letter_of_who_forgot_their_password(notebook, browser, alice, monkeypatch):
    real = clock.now
    page = notebook.start(browser)
    forgotten = next(path for path in page.text.split('"') if path.startswith("/forgotten-password"))
    browser.submit(browser.get(forgotten.replace("&amp;", "&")), email=alice.email)
    link = browser.find_letter(alice.email).link("/reset-password/")
    monkeypatch.setattr("app.clock.now", lambda: real() + timedelta(minutes=25))
    page = browser.submit(browser.follow(browser.get(link)), password="a password of Alice's own")
    page = browser.follow(page)
    way_on = next(path for path in page.text.split('"') if path.startswith("/oauth/authorize/continue"))
    assert browser.follow(browser.get(way_on)).request.path == "/oauth/authorize/mementos"


def test_it_survives_a_wrong_password(notebook, browser, alice):
    page = browser.submit(notebook.start(browser), email=alice.email, password="wrong")
    page = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    assert page.request.path == "/oauth/authorize/mementos"


def test_two_tabs_with_two_apps_do_not_meet(notebook, pocket, browser, alice):
    first, second = notebook.start(browser), pocket.start(browser)
    second = browser.follow(browser.submit(second, email=alice.email, password=alice.password))
    first = browser.follow(browser.submit(first, email=alice.email, password=alice.password))
    assert "Acme Notebook" in first.text
    assert "Acme Pocket" in second.text
    first = browser.follow(browser.submit(first, press="Continue", selection="all"))
    second = browser.follow(browser.submit(second, press="Continue", selection="none"))
    to_pocket = pocket.answer(browser.submit(second, press="Authorize"))
    to_notebook = notebook.answer(browser.submit(first, press="Authorize"))
    assert pocket.exchange(to_pocket["code"]).json["authorization_details"] == []
    assert notebook.exchange(to_notebook["code"]).json["authorization_details"][0]["identifier"] == "all"


def test_two_tabs_with_one_app_are_two_requests(notebook, signed_in):
    first, second = notebook.start(signed_in, state="first"), notebook.start(signed_in, state="second")
    for page, state in ((second, "second"), (first, "first")):
        page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
        assert notebook.answer(signed_in.submit(page, press="Authorize"))["state"] == state


# -- one browser, one person -----------------------------------------------------------------------


def test_another_browser_cannot_open_it(app, notebook, signed_in, consent_page, alice):
    """Nobody can be sent a link to a request that somebody else began."""
    other = Browser(app)
    other.enter(alice)
    assert_expired(other.get(consent_page.request.full_path))
    assert "code" in notebook.answer(signed_in.submit(consent_page, press="Authorize"))


def test_another_browser_that_began_a_request_of_its_own_cannot_either(app, pocket, consent_page, alice):
    other = Browser(app)
    other.enter(alice)
    pocket.start(other)
    assert_expired(other.get(consent_page.request.full_path))


def test_another_person_in_the_same_browser_cannot_answer_it(count, consent_page, signed_in, carol):
    signed_in.sign_out()
    signed_in.enter(carol)
    response = signed_in.get(consent_page.request.full_path)
    assert (response.status_code, response.mimetype) == (403, "text/html")
    assert "another account" in response.text
    assert count(Consent) == 0


def test_the_person_who_began_it_still_can_afterwards(notebook, consent_page, signed_in, alice, carol):
    signed_in.sign_out()
    signed_in.enter(carol)
    signed_in.get(consent_page.request.full_path)
    signed_in.sign_out()
    signed_in.enter(alice)
    page = signed_in.get(consent_page.request.full_path)
    assert "code" in notebook.answer(signed_in.submit(page, press="Authorize"))


def test_a_person_who_signed_out_must_sign_in_first(consent_page, signed_in):
    signed_in.sign_out()
    assert signed_in.get(consent_page.request.full_path).location.startswith("/sign-in?next=")


def test_what_was_ticked_is_kept_when_the_session_ends_meanwhile(app, notebook, signed_in, alice, make_memento):
    recipes = make_memento("Recipes")
    picker = notebook.start(signed_in)
    with app.app_context():
        end_sessions(db.session(), alice.id)
        db.session.commit()
    page = signed_in.submit(picker, press="Continue", selection="selected", memento_ids=[recipes])
    assert page.status_code == 403 and "What you filled in stays here" in page.text
    assert "form-action" not in page.headers["Content-Security-Policy"]
    cancelled = signed_in.submit(picker, press="Cancel")
    assert cancelled.location.startswith("/sign-in?next=")
    signed_in.sign_in(alice.email, alice.password)
    again = signed_in.submit(page, press="Go on")
    consent_page = signed_in.follow(signed_in.submit(again, press="Send it again"))
    assert "Recipes" in consent_page.text
    assert "code" in notebook.answer(signed_in.submit(consent_page, press="Authorize"))


def test_the_cookie_that_binds_the_browser_is_for_us_alone(notebook, browser):
    cookie = browser.get(notebook.authorize_url()).headers.getlist("Set-Cookie")
    nonce = next(line for line in cookie if line.startswith("reliquary_browser="))
    assert "HttpOnly" in nonce
    assert "SameSite=Lax" in nonce
    assert "Path=/" in nonce
    assert "Domain" not in nonce


def test_over_https_the_cookie_is_secure_and_for_this_host_alone(notebook, browser, publish_issuer):
    publish_issuer("https://id.acme.example")
    response = browser.client.get(notebook.authorize_url(), base_url="https://id.acme.example")
    nonce = next(line for line in response.headers.getlist("Set-Cookie") if "reliquary_browser=" in line)
    assert nonce.startswith("__Host-")
    assert "Secure" in nonce


def test_neither_the_handle_nor_the_nonce_is_stored_as_it_is(app, notebook, browser):
    response = browser.get(notebook.authorize_url())
    handle = parse_qs(urlsplit(parse_qs(urlsplit(response.location).query)["next"][0]).query)["request"][0]
    nonce = browser.client.get_cookie("reliquary_browser", "127.0.0.1").value
    with app.app_context():
        stored = db.session.execute(select(AuthorizationRequest.__table__)).one()
    assert len(handle.removeprefix("rlq_ar_")) == len(nonce.removeprefix("rlq_br_")) == 64
    assert handle not in str(stored)
    assert nonce not in str(stored)


@each("handle", ["", "unknown", "rlq_ar_" + "0" * 64, "<script>", "\U0001f511", "%00", "%ff"])
@pytest.mark.parametrize("step", ["continue", "mementos", "consent"])
def test_an_unknown_handle_is_explained(signed_in, step, handle):
    response = signed_in.get(f"/oauth/authorize/{step}?request={handle}")
    assert_expired(response)
    assert "<script>" not in response.text


# -- one answer ------------------------------------------------------------------------------------


def test_it_can_be_allowed_once(count, notebook, consent_page, signed_in):
    assert "code" in notebook.answer(signed_in.submit(consent_page, press="Authorize"))
    assert_answered(signed_in.submit(consent_page, press="Authorize"))
    assert count(AuthorizationCode) == 1


def test_it_cannot_be_allowed_after_it_was_cancelled(count, notebook, consent_page, signed_in):
    assert notebook.answer(signed_in.submit(consent_page, press="Cancel"))["error"] == "access_denied"
    assert_answered(signed_in.submit(consent_page, press="Authorize"))
    assert count(AuthorizationCode) == count(Consent) == 0


def test_it_cannot_be_cancelled_after_it_was_allowed(notebook, consent_page, signed_in):
    signed_in.submit(consent_page, press="Authorize")
    assert_answered(signed_in.submit(consent_page, press="Cancel"))


def test_its_screens_cannot_be_opened_after_it_was_answered(notebook, consent_page, signed_in):
    signed_in.submit(consent_page, press="Authorize")
    for step in ("continue", "mementos", "consent"):
        assert_answered(signed_in.get(f"/oauth/authorize/{step}?{urlsplit(consent_page.request.url).query}"))


def test_one_of_two_parallel_clicks_wins(count, notebook, consent_page, signed_in, at_once):
    responses = at_once(
        lambda: signed_in.submit(consent_page, press="Authorize"),
        after=(AuthorizeGrant, "validate_authorization_request"),
    )
    assert sorted(response.status_code for response in responses) == [303, 410]
    assert count(AuthorizationCode) == 1


def test_one_of_two_parallel_cancels_wins(notebook, consent_page, signed_in, at_once):
    responses = at_once(
        lambda: signed_in.submit(consent_page, press="Cancel"),
        after=(AuthorizeGrant, "validate_authorization_request"),
    )
    assert sorted(response.status_code for response in responses) == [303, 410]


def test_a_refused_request_is_answered_too(notebook, browser, alice):
    page = notebook.start(browser, scope="unknown")
    response = browser.submit(page, email=alice.email, password=alice.password)
    assert notebook.answer(browser.follow(response))["error"] == "invalid_scope"
    assert_answered(browser.follow(response))


# -- against today's data --------------------------------------------------------------------------


def assert_unknown_app(response) -> None:
    assert (response.status_code, response.mimetype) == (400, "text/html")
    assert "Location" not in response.headers


def test_a_client_that_was_suspended_meanwhile_gets_nothing(count, notebook, consent_page, signed_in, change_client):
    change_client(notebook, suspended_at=clock.now())
    assert_unknown_app(signed_in.submit(consent_page, press="Authorize"))
    assert count(AuthorizationCode) == count(Consent) == 0


def test_a_client_that_was_deleted_meanwhile_gets_nothing(count, notebook, consent_page, signed_in, delete_client):
    delete_client(notebook)
    response = signed_in.submit(consent_page, press="Authorize")
    assert response.status_code in (400, 410)
    assert "Location" not in response.headers
    assert count(AuthorizationCode) == count(Consent) == 0


def test_a_redirect_uri_that_was_removed_meanwhile_is_not_redirected_to(
    count, notebook, consent_page, signed_in, change_client
):
    change_client(notebook, redirect_uris=["https://notebook.acme.example/another"])
    assert_unknown_app(signed_in.submit(consent_page, press="Authorize"))
    assert_unknown_app(signed_in.submit(consent_page, press="Cancel"))
    assert count(AuthorizationCode) == count(Consent) == 0


def test_a_scope_that_was_taken_away_meanwhile_is_refused(count, notebook, consent_page, signed_in, change_client):
    change_client(notebook, scope="integrations:read")
    answer = notebook.answer(signed_in.submit(consent_page, press="Authorize"))
    assert (answer["error"], answer["state"]) == ("invalid_scope", notebook.state)
    assert count(AuthorizationCode) == count(Consent) == 0


def test_pkce_that_is_demanded_since_is_demanded(count, notebook, signed_in, change_client):
    page = notebook.start(signed_in, code_challenge=None, code_challenge_method=None)
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    change_client(notebook, require_pkce=True)
    assert notebook.answer(signed_in.submit(page, press="Authorize"))["error"] == "invalid_request"
    assert count(AuthorizationCode) == count(Consent) == 0


def test_a_default_scope_that_grew_since_is_not_allowed_unseen(notebook, register, signed_in, change_client):
    """What is granted is what the person read."""
    client = register(scopes=["memories:read"])
    page = client.start(signed_in, scope=None)
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    change_client(client, scope="memories:read memories:write")
    response = signed_in.submit(page, press="Authorize")
    if response.location and response.location.startswith(client.redirect_uri):
        answer = client.answer(response)
        assert "code" not in answer or client.exchange(answer["code"]).json["scope"] == "memories:read"


# -- nothing but the handle and the choices is read ------------------------------------------------


def test_parameters_beside_the_decision_are_not_read(notebook, consent_page, signed_in):
    csrf_token = consent_page.text.split('name="csrf_token"')[-1].split('value="')[1].split('"')[0]
    forged = {
        "client_id": "another", "redirect_uri": "https://evil.example/", "state": "forged",
        "scope": "memories:write", "code_challenge": "a" * 43, "user_id": "usr_1", "selection": "none",
    }  # fmt: skip
    response = signed_in.client.post(
        consent_page.request.full_path + "&state=forged&scope=memories:write",
        base_url="http://127.0.0.1:8000",
        data=forged | {"csrf_token": csrf_token, "action": "authorize"},
    )
    answer = notebook.answer(response)
    assert answer["state"] == notebook.state
    tokens = notebook.exchange(answer["code"]).json
    assert tokens["scope"] == "memories:read integrations:read"
    assert tokens["authorization_details"][0]["identifier"] == "all"


@each("step", ["mementos", "consent", "switch"])
def test_every_decision_needs_the_token_against_forgery(count, notebook, consent_page, signed_in, step):
    response = signed_in.client.post(
        f"/oauth/authorize/{step}?{urlsplit(consent_page.request.url).query}",
        base_url="http://127.0.0.1:8000",
        data={"action": "authorize", "selection": "all"},
    )
    assert response.status_code == 400
    assert count(Consent) == 0
    assert "code" in notebook.answer(signed_in.submit(consent_page, press="Authorize"))
