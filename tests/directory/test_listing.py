"""``/apps/``: who is found there, by whom, and what nobody learns of an app that is private."""

import re

import pytest
from sqlalchemy import insert

from app import clock
from app.accounts.lookalikes import as_seen_at_a_glance
from app.accounts.models import User
from app.accounts.organizations import find_organization
from app.clients.models import Client
from app.consents.models import Consent
from app.credentials import new_id
from app.extensions import db
from tests.tables import each

HOME = "https://notion.example"


@pytest.fixture
def publish(change_client):
    def publish(client, name: str, **more) -> None:
        change_client(client, name=name, published=True, homepage_url=HOME, **more)

    return publish


def names(page) -> list[str]:
    return re.findall(r"<h2 id=\"[^\"]+\"><bdi>([^<]+)</bdi>", page.text)


def test_no_app_is_public_unless_its_admins_say_so(browser, notebook):
    page = browser.get("/apps/")
    assert page.status_code == 200
    assert names(page) == [] and "No app is listed here yet" in page.text


def test_a_public_one_is_found_by_anybody_with_what_people_see(browser, notebook, publish):
    publish(notebook, "Notion", description="Remembers your recipes.")
    for query in ("", "?q=notion", "?q=RECIPES", "?q=acme", "?page=1"):
        page = browser.get("/apps/" + query)
        assert names(page) == ["Notion"], query
        assert f'href="{HOME}"' in page.text and "registered by <bdi>Acme</bdi>" in page.text
        assert "Fewer than 5 people use it." in page.text
    assert names(browser.get("/apps/?q=diary")) == []
    assert "Show all apps" in browser.get("/apps/?q=diary").text


def test_a_private_one_is_on_no_page_search_or_count_of_anybody_else(
    browser, signed_in, carol, notebook, pocket, publish, change_client
):
    publish(pocket, "Pocket")
    change_client(notebook, name="Secret Project", description="Nobody knows.", homepage_url=HOME)
    for query in ("", "?q=secret", "?q=nobody", "?q=Secret+Project", "?page=2"):
        text = browser.get("/apps/" + query).text
        assert "Project" not in text.replace("Secret Project</bdi>”", "").replace('value="Secret Project"', ""), query
        assert "Nobody knows" not in text and notebook.client_id not in text
    assert names(browser.get("/apps/")) == ["Pocket"]


@pytest.mark.parametrize("state", ["suspended_at", "ended_at"])
def test_one_that_does_not_work_is_not_listed(app, browser, notebook, publish, state):
    publish(notebook, "Notion", **{state: clock.now()})
    assert names(browser.get("/apps/")) == []


def test_there_are_pages_and_each_app_is_on_one(app, browser, notebook, publish, change_client):
    publish(notebook, "App 00")
    with app.app_context():
        first = db.session.get_one(Client, notebook.client_id)
        for number in range(1, 25):
            client = Client(
                client_id=new_id("client"), name=f"App {number:02}", type="public", redirect_uris=["https://a.example/"],
                scope="memories:read", organization_id=first.organization_id, published=True, homepage_url=HOME,
            )  # fmt: skip
            db.session.add(client)
        db.session.commit()
    pages = [browser.get(f"/apps/?page={page}") for page in range(1, 6)]
    assert [name for page in pages for name in names(page)] == [f"App {number:02}" for number in range(25)]
    # So few that no page is taller than three windows.
    assert [len(names(page)) for page in pages] == [8, 8, 8, 1, 0]
    assert ['rel="next"' in page.text for page in pages] == [True, True, True, False, False]
    # Of 24 the third page is full, and leads to no empty one.
    change_client(notebook, published=False)
    assert 'rel="next"' not in browser.get("/apps/?page=3").text


@each("query", ["page=0", "page=-1", "page=x", "page=99999999999", "page=", "q=%00", "q=" + "x" * 5000])
def test_odd_queries_break_nothing(browser, query):
    assert browser.get("/apps/?" + query).status_code == 200


def test_people_are_counted_each_once_and_few_are_not_counted_out(app, browser, notebook, publish):
    publish(notebook, "Notion")
    for number in range(1, 7):
        with app.app_context():
            person = new_id("usr")
            row = {"id": person, "email": f"{number}@a.example", "name": "N", "password_hash": ""}
            db.session.execute(insert(User), row)
            db.session.add(
                Consent(user_id=person, client_key=notebook.client_id, scope="memories:read", selection="none")
            )
            db.session.commit()
        told = f">{number} people use it." if number >= 5 else ">Fewer than 5 people use it."
        assert told in browser.get("/apps/").text


# -- names that look like another's -----------------------------------------------------------------


@each("name", ["Notion", "NOTION", "Nоtiоn", "Not1on", "N o t i o n", "Nótion", "The Notion App", "Notlon", "Ｎotion"])
def test_a_name_that_people_take_for_another_says_so(
    signed_in, notebook, pocket, publish, change_client, carol, app, name
):
    publish(pocket, "Notion")
    with app.app_context():
        globex = find_organization("globex").id
    change_client(pocket, organization_id=globex)
    change_client(notebook, name=name)
    page = notebook.start(signed_in)
    warning = "It is not the <strong><bdi>Notion</bdi></strong> of <bdi>Globex</bdi>."
    assert warning in page.text
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    assert warning in page.text
    # A name of one's own organization, another name, and a private app say nothing.
    for changes in ({"published": False}, {"published": True, "name": "Nation"}):
        change_client(pocket, **changes)
        assert "It is not the" not in notebook.start(signed_in).text


@each(
    ("organization", "name"),
    [("ACME", "Shelf Helper"), ("Асме", "Shelf Helper"), ("Globex", "Acme"), ("The Acme Inc", "Shelf Helper")],
)
def test_an_organization_that_people_take_for_another_says_so(
    signed_in, notebook, pocket, publish, change_client, carol, app, organization, name
):
    """Anybody may found one of any name: Acme is a name like another, but Acme has an app here that people know."""
    publish(pocket, "Pocket Companion")
    with app.app_context():
        globex = find_organization("globex")
        globex.name = organization
        id = globex.id
        db.session.commit()
    change_client(notebook, name=name, organization_id=id)
    warning = "It is not of the <strong><bdi>Acme</bdi></strong> that has <bdi>Pocket Companion</bdi>."
    page = notebook.start(signed_in)
    assert warning in page.text
    assert warning in signed_in.follow(signed_in.submit(page, press="Continue", selection="all")).text
    change_client(pocket, published=False)
    assert "It is not of the" not in notebook.start(signed_in).text


@each("name", ["Acme", "Shelf Helper"])
def test_whoever_founds_another_of_the_name_puts_no_warning_on_the_first(
    signed_in, notebook, pocket, publish, change_client, carol, app, name
):
    """Its own app by that name has one: which of the two an app is of is for the elder to say."""
    publish(pocket, name)
    with app.app_context():
        globex = find_organization("globex")
        globex.name = "The Acme Inc"
        id = globex.id
        db.session.commit()
    change_client(pocket, organization_id=id)
    assert "It is not" not in notebook.start(signed_in).text
    change_client(notebook, name=name)
    assert "It is not the <strong>" in notebook.start(signed_in).text


def test_an_organizations_own_apps_are_not_told_apart(signed_in, notebook, pocket, publish, change_client):
    publish(pocket, "Notion")
    change_client(notebook, name="Notion")
    assert "It is not the" not in notebook.start(signed_in).text


@each(("one", "other"), [("Notion", "Motion"), ("Ada", "Adam"), ("学校", "学生"), ("My App", "The App")])
def test_names_that_differ_are_let_be(one, other):
    assert as_seen_at_a_glance(one) != as_seen_at_a_glance(other)


# -- the switch -------------------------------------------------------------------------------------


def test_an_admin_makes_an_app_public_and_private_again(browser, bob, notebook):
    browser.sign_in(bob.email, bob.password)
    path = f"/org/oauth/{notebook.client_id}/settings"
    page = browser.get(path)
    assert "Public: list it for everybody" in page.text
    refused = browser.submit(page, press="Save", published="y", homepage_url="")
    assert "A public app needs a landing page" in refused.text and refused.status_code == 400
    browser.submit(browser.get(path), press="Save", published="y", homepage_url=HOME)
    assert names(browser.get("/apps/")) == ["Acme Notebook"]
    browser.submit(browser.get(path), press="Save", published=None)
    assert names(browser.get("/apps/")) == []
