"""The pages that explain why a request cannot go on: each true for the one who reads it, and nothing more to a stranger."""

import re

import pytest

from app import clock
from app.accounts.organizations import add_member, find_organization
from app.accounts.users import register_user
from app.extensions import db
from tests.actors import Browser
from tests.tables import each

UNKNOWN = "We do not know this app"
ASTRAY = "This link does not lead back to Acme Notebook"
OFF = "Acme Notebook is switched off for now"
ELSEWHERE = "https://elsewhere.acme.example/callback"


def heading(page) -> str:
    """The heading of a page that sends nobody anywhere."""
    assert page.mimetype == "text/html" and "Location" not in page.headers
    return re.sub("[\u2068\u2069]", "", page.text.split("<h1>")[1].split("</h1>")[0])


def main_of(page) -> str:
    return page.text.split("<main")[1].split("</main>")[0]


@each("path", ["/oauth/authorize", "/authorize", "/api/v1/auth/oauth2/authorize/"])
def test_a_request_that_was_posted_says_how_to_send_it(app, path):
    """As OpenID Connect lets a client do. The person has no button here, and its makers were told nothing."""
    page = app.test_client().post(path, data={"response_type": "code"})
    assert page.status_code == 405 and page.headers["Allow"]
    person, _, makers = main_of(page).partition("For whoever builds the app:")
    assert "tell its makers" in person and "button" not in person and "a GET" in makers


def test_a_step_that_is_only_posted_is_nothing_of_its_makers(app):
    page = app.test_client().get("/oauth/authorize/cancel")
    assert page.status_code == 405 and "For whoever builds the app:" not in page.text


@pytest.fixture
def stranger(app, carol) -> Browser:
    """The browser of Carol, of another organization."""
    browser = Browser(app)
    browser.enter(carol)
    return browser


@pytest.fixture
def admin(app, bob) -> Browser:
    browser = Browser(app)
    browser.enter(bob)
    return browser


# -- which of the three ----------------------------------------------------------------------------


def test_an_app_that_nobody_registered_is_unknown(notebook, browser, admin):
    for person in (browser, admin):
        for client_id in ("unknown", None, [notebook.client_id, notebook.client_id]):
            page = notebook.start(person, client_id=client_id)
            assert (page.status_code, heading(page)) == (400, UNKNOWN)
            # An agent that keeps what it registered with, which nobody allowed anything, comes back to a row that is gone.
            assert "remove the connection there and add it again" in page.text


@each(
    ("redirect_uri", "told"),
    [
        (ELSEWHERE, "names an address to return to that is not one of this app's."),
        ("", "names no address to return to."),
        (None, "names no address to return to."),
        ([ELSEWHERE, ELSEWHERE], "does not say clearly which address to return to."),
        ("https://notebook.acme.example/callback\x00", "does not say clearly which address to return to."),
    ],
    ids=str,
)
def test_a_known_app_with_another_address_is_called_by_its_name(notebook, browser, stranger, redirect_uri, told):
    for person in (browser, stranger):
        page = notebook.start(person, redirect_uri=redirect_uri)
        assert (page.status_code, heading(page)) == (400, ASTRAY)
        assert told in main_of(page).replace("&#39;", "'")


def test_a_suspended_app_is_switched_off(notebook, browser, stranger, change_client):
    change_client(notebook, suspended_at=clock.now())
    for person in (browser, stranger):
        page = notebook.start(person)
        assert (page.status_code, heading(page)) == (400, OFF)


def test_a_draft_is_not_switched_on_yet(notebook, browser, change_client):
    change_client(notebook, suspended_at=clock.now(), drafted_at=clock.now())
    page = notebook.start(browser)
    assert heading(page) == OFF
    assert "or not switched it on yet" in main_of(page)


def test_an_app_that_changes_while_the_person_decides_is_told_as_it_is_then(notebook, signed_in, change_client):
    consent = signed_in.follow(signed_in.submit(notebook.start(signed_in), press="Continue", selection="all"))
    change_client(notebook, suspended_at=clock.now())
    assert heading(signed_in.submit(consent, press="Authorize")) == OFF
    change_client(notebook, suspended_at=None, redirect_uris=[ELSEWHERE])
    assert heading(signed_in.submit(consent, press="Authorize")) == ASTRAY


def test_an_app_that_is_deleted_while_the_person_decides_is_not_said_to_be_slow_of_theirs(
    notebook, signed_in, delete_client
):
    picker = notebook.start(signed_in)
    delete_client(notebook)
    page = signed_in.submit(picker, press="Continue", selection="all")
    assert page.status_code == 410
    assert "and end with their app" in main_of(page)
    assert heading(notebook.start(signed_in)) == UNKNOWN


# -- nothing more to a stranger --------------------------------------------------------------------


def test_a_stranger_learns_the_name_and_no_more(notebook, browser, stranger, change_client):
    change_client(notebook, description="Keeps notes", homepage_url="https://notebook.acme.example/home")
    pages = [notebook.start(person, redirect_uri=ELSEWHERE) for person in (browser, stranger)]
    change_client(notebook, suspended_at=clock.now())
    pages += [notebook.start(person) for person in (browser, stranger)]
    for page in pages:
        told = page.text.replace("Acme Notebook", "")
        for secret in (
            "Acme",
            "acme.example",
            "Keeps notes",
            notebook.client_id,
            "/org/oauth",
            "callback",
            "suspended",
        ):
            assert secret not in told, (secret, told)


def test_what_was_sent_is_not_repeated(notebook, browser, admin):
    for person in (browser, admin):
        page = notebook.start(person, redirect_uri="https://evil.example/<script>", state="sent-state")
        for sent in ("evil.example", "<script>", "sent-state"):
            assert sent not in page.text


def test_a_name_does_not_turn_the_sentence_around(notebook, browser, change_client):
    """Names of two directions are isolated where no ``bdi`` can stand."""
    change_client(notebook, name="דפדפן")
    page = notebook.start(browser, redirect_uri=ELSEWHERE)
    assert "This link does not lead back to \u2068דפדפן\u2069" in page.text


# -- more to its own people ------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["owner", "admin", "member"])
def test_its_own_people_get_a_link_to_what_differs(app, notebook, role):
    with app.app_context():
        user = register_user(email="dora@acme.example", name="Dora Dorn", password="the password of Dora Dorn")
        add_member(find_organization("acme"), user, role)
        db.session.commit()
    own = Browser(app)
    own.sign_in("dora@acme.example", "the password of Dora Dorn")
    notebook.start(Browser(app), redirect_uri="https://other.example/")
    page = notebook.start(own, redirect_uri=notebook.redirect_uri + "/")
    assert heading(page) == ASTRAY
    link = re.search(r'<a href="(/org/oauth/[^"]*)"', main_of(page))[1].replace("&amp;", "&")
    requests = own.get(link)
    assert requests.status_code == 200
    assert "the sent one ends with a slash, the registered one does not" in requests.text
    # This request, and no other.
    assert "other.example" not in requests.text


def test_also_when_it_is_switched_off(notebook, admin, change_client):
    change_client(notebook, suspended_at=clock.now())
    page = notebook.start(admin)
    link = re.search(r'<a href="(/org/oauth/[^"]*)"', main_of(page))[1].replace("&amp;", "&")
    assert "The app is suspended." in admin.get(link).text


def test_whoever_is_not_signed_in_is_a_stranger_also_when_they_are_not(notebook, admin):
    assert "/org/oauth/" in main_of(notebook.start(admin, redirect_uri=ELSEWHERE))
    admin.sign_out()
    assert "/org/oauth/" not in notebook.start(admin, redirect_uri=ELSEWHERE).text


def test_the_playground_that_is_over_is_told_to_its_admin_as_that(notebook, admin, stranger):
    address = f"http://127.0.0.1:8000/org/oauth/{notebook.client_id}/playground/callback"
    page = notebook.start(admin, redirect_uri=address)
    assert heading(page) == ASTRAY
    assert "comes from the playground, which is not open for you" in main_of(page)
    assert "playground" not in notebook.start(stranger, redirect_uri=address).text


# -- the others ------------------------------------------------------------------------------------


def test_a_request_that_was_answered_without_a_screen_is_not_said_to_have_been_decided(notebook, tokens, signed_in):
    """With a live consent nobody is asked, so "You have decided on it" is untrue in the second tab."""
    page = notebook.start(signed_in, prompt="consent")
    signed_in.submit(page, press="Authorize")
    again = signed_in.get(page.request.full_path)
    assert again.status_code == 410
    assert "The answer went back to the app" in main_of(again) and "You have decided" not in again.text
