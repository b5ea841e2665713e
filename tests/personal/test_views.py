"""The account page: what I have allowed, and the button that ends it at once."""

import pytest

from tests.actors import Browser


@pytest.fixture
def connected(notebook, browser, alice) -> dict:
    """Alice has connected Acme Notebook; its tokens."""
    browser.sign_in(alice.email, alice.password)
    return notebook.tokens(browser)


def test_a_signed_out_person_is_led_to_sign_in(browser):
    response = browser.get("/account/")
    assert response.status_code in (302, 303)
    assert response.location.startswith("/sign-in")


def test_a_person_without_apps_or_mementos_reads_what_will_be_here(browser, alice):
    browser.sign_in(alice.email, alice.password)
    page = browser.get("/account/").text
    assert "No app is connected" in page
    assert "You have no mementos yet" in page


def test_a_connected_app_is_listed_with_what_it_may_do(browser, connected):
    page = browser.get("/account/").text
    assert "Acme Notebook" in page
    assert "read and search the memories you choose" in page
    assert "everything, also what you add later" in page
    assert "Not used yet" in page


def test_the_list_says_when_an_app_was_last_used(browser, connected, notebook):
    notebook.me(connected["access_token"])
    assert "Last used" in browser.get("/account/").text


def test_disconnecting_ends_codes_and_tokens_at_once(browser, connected, notebook):
    code = notebook.code(browser)
    page = browser.submit(browser.get("/account/"), press="Disconnect Acme Notebook")
    assert "Acme Notebook is disconnected" in browser.follow(page).text
    assert notebook.me(connected["access_token"]).status_code == 401
    assert notebook.refresh(connected["refresh_token"]).json["error"] == "invalid_grant"
    assert notebook.exchange(code).json["error"] == "invalid_grant"


def test_after_disconnecting_the_app_must_ask_again(browser, connected, notebook):
    browser.submit(browser.get("/account/"), press="Disconnect Acme Notebook")
    assert "/oauth/authorize/mementos" in notebook.start(browser).request.path


def test_nobody_can_disconnect_another_persons_app(app, browser, connected, notebook, carol):
    form_page = browser.get("/account/")
    stranger = Browser(app)
    stranger.sign_in(carol.email, carol.password)
    # Carol's own token against forgery, at the address of Alice's consent.
    home = stranger.get("/")
    token = home.text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    path = form_page.text.split('action="/account/apps/')[1].split('"')[0]
    response = stranger.client.post(f"/account/apps/{path}", data={"csrf_token": token}, base_url="http://127.0.0.1:8000")
    assert response.status_code == 404
    assert notebook.is_alive(connected["access_token"])


def test_disconnecting_needs_the_token_against_forgery(browser, connected, notebook):
    path = browser.get("/account/").text.split('action="/account/apps/')[1].split('"')[0]
    response = browser.client.post(f"/account/apps/{path}", base_url="http://127.0.0.1:8000")
    assert response.status_code == 400
    assert notebook.is_alive(connected["access_token"])
