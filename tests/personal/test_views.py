"""The account page: what I have allowed and what I keep, at a glance, and the button that ends it at once."""

from app.last_uses import LastUses
from tests.actors import Browser


def test_a_signed_out_person_is_led_to_sign_in_and_back(browser):
    response = browser.get("/account/")
    assert response.status_code in (302, 303)
    assert response.location == "/sign-in?next=/account/"


def test_a_person_without_apps_or_mementos_reads_what_will_be_here(signed_in):
    page = signed_in.get("/account/").text
    assert "No app is connected" in page
    assert "You have no mementos yet" in page
    assert "and nowhere else" in page


def test_a_connected_app_is_listed_with_what_it_may_do(signed_in, connected):
    page = signed_in.get("/account/").text
    assert "Acme Notebook" in page
    assert "read and search the memories you choose" in page
    assert "Recipes" in page
    assert "Not used yet" in page


def test_an_app_that_may_see_everything_is_listed_so(signed_in, connect, notebook, shelf):
    connect(notebook, selection="all")
    assert "everything, also what you add later" in signed_in.get("/account/").text


def test_the_list_says_when_an_app_was_last_used(app, signed_in, connected):
    assert connected.is_alive()
    app.extensions["services"].notes.of(LastUses).flush()
    assert "Last used" in signed_in.get("/account/").text


def test_a_memento_says_which_app_looks_through_it(signed_in, connected):
    line = signed_in.get("/account/").text.split(">Recipes<")[-1].split("</li>")[0]
    assert "2 memories" in line and "Acme Notebook" in line


def test_disconnecting_ends_codes_and_tokens_at_once(signed_in, connected):
    notebook = connected.integrator
    code = notebook.code(signed_in)
    page = signed_in.end_app(connected.grant_id)
    assert "Acme Notebook is ended" in signed_in.follow(page).text
    assert not connected.is_alive()
    assert notebook.refresh(connected.refresh_token).json["error"] == "invalid_grant"
    assert notebook.exchange(code).json["error"] == "invalid_grant"
    assert not notebook.introspect(connected.access_token).json["active"]


def test_after_disconnecting_the_app_must_ask_again(signed_in, connected):
    signed_in.end_app(connected.grant_id)
    assert "/oauth/authorize/mementos" in connected.integrator.start(signed_in).request.path


def test_the_overview_counts_the_places_where_one_is_signed_in(app, signed_in, alice):
    for _ in range(2):
        Browser(app).sign_in(alice.email, alice.password)
    assert "at 2 other places" in signed_in.get("/account/").text


def test_every_page_works_with_and_without_its_last_slash(signed_in, connected, shelf):
    for path in ("/account", "/account/mementos", "/account/apps", "/account/sessions", connected.path):
        assert signed_in.get(path.rstrip("/")).status_code == signed_in.get(path.rstrip("/") + "/").status_code == 200
