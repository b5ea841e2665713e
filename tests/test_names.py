"""A name by which somebody decides must be readable: at every door by which one comes in, and on the pages that show it."""

import json

import pytest
from sqlalchemy import update

from app.accounts.models import Organization, User
from app.clients.models import Client
from app.extensions import db
from tests.actors import Browser
from tests.cli.test_commands import run_in
from tests.org.conftest import HONEST, send
from tests.org.conftest import signed_in as sign_in
from tests.tables import each

NAMELESS = ["\u200b", "\u3164", "\u2800", "Goo\u200bgle\u00ad", "Аcme", "Ac\u200cme", "!!!", "Acme\u2028Notes"]
READABLE = ["می\u200cخواهم", "日本語 App", "Сбер Sber", "Fox 🦊"]
#: What a person may call themselves or their own things, and what shows nothing.
OWN_WORDS = ["می\u200cخواهم", "👨\u200d👩\u200d👧", "🦊", "αβtest", "\u200eשלום"]
NOTHING = ["\u200b", "\u3164", "\u2800", "\ufe0f", "\u00a0\u3000"]

each_nameless = each("name", NAMELESS, ids=ascii)
each_readable = each("name", READABLE, ids=ascii)


@pytest.fixture
def admin(app, bob) -> Browser:
    return sign_in(app, bob)


@pytest.fixture
def signed_in(app, alice) -> Browser:
    return sign_in(app, alice)


@pytest.fixture
def count(app):
    """How many rows of a model there are."""

    def count(model) -> int:
        with app.app_context():
            return db.session.query(model).count()

    return count


def register_in_the_dashboard(app, admin, name):
    answer = admin.submit(admin.get("/org/oauth/register"), press="Register the app", **HONEST | {"name": name})
    return answer.status_code == 200


def register_on_the_command_line(app, admin, name):
    options = {"--org": "acme", "--name": name, "--type": "public", "--redirect-uri": "https://a.example/cb"}
    result = run_in(app, "clients", "register", options=options | {"--scope": "memories:read"})
    assert result.exit_code == 0 or result.stderr.startswith("Error: The name ")
    return result.exit_code == 0


@each_nameless
@pytest.mark.parametrize("door", [register_in_the_dashboard, register_on_the_command_line])
def test_no_app_without_a_readable_name_is_registered(app, admin, count, door, name):
    assert not door(app, admin, name)
    assert count(Client) == 0


@each_readable
@pytest.mark.parametrize("door", [register_in_the_dashboard, register_on_the_command_line])
def test_an_app_may_have_a_name_of_any_alphabet(app, admin, count, door, name):
    assert door(app, admin, name)
    with app.app_context():
        assert db.session.query(Client.name).scalar() == name


@each_nameless
def test_no_app_gets_such_a_name_later(app, notebook, admin, name):
    page = admin.get(f"/org/oauth/{notebook.client_id}/settings")
    assert admin.submit(page, press="Save", name=name).status_code == 400
    result = run_in(app, "clients", "update", notebook.client_id, options={"--name": name})
    assert (result.exit_code, result.stderr.startswith("Error: The name ")) == (1, True)


@each_nameless
def test_no_organization_without_a_readable_name_is_founded(app, admin, browser, count, name):
    assert send(admin, "/org/oauth/organizations", name=name).status_code == 400
    person = {"email": "dora@example.com", "name": "Dora", "password": "correct horse battery"}
    assert browser.submit(browser.get("/sign-up"), **person, organization_name=name).status_code == 400
    assert (count(Organization), count(User)) == (1, 1)


@each_readable
def test_an_organization_may_have_a_name_of_any_alphabet(app, admin, name):
    assert send(admin, "/org/oauth/organizations", name=name).status_code == 303
    with app.app_context():
        assert db.session.query(Organization).filter_by(name=name).count() == 1


@each("words", NOTHING, ids=ascii)
def test_a_person_whose_name_shows_nothing_is_asked_for_another(app, browser, count, words):
    person = {"email": "dora@example.com", "password": "correct horse battery"}
    assert browser.submit(browser.get("/sign-up"), **person, name=words).status_code == 400
    options = {"--email": "dora@example.com", "--name": words, "--password-stdin": True}
    assert run_in(app, "users", "create", options=options, stdin=person["password"]).exit_code == 1
    assert count(User) == 0


@each("words", OWN_WORDS, ids=ascii)
def test_a_person_may_be_called_as_they_like(app, browser, words):
    assert browser.sign_up("dora@example.com", "correct horse battery", name=words).status_code == 303
    assert f"<bdi>{words}</bdi>" in browser.get("/").text


@each("words", NOTHING[:4], ids=ascii)
def test_labels_that_show_nothing_are_refused(app, admin, notebook, words):
    for path in ("/org/oauth/members", f"/org/oauth/{notebook.client_id}/secrets/new"):
        answer = admin.submit(admin.get(path), label=words)
        assert answer.status_code == 400 and "has no visible character" in answer.text


@each("words", OWN_WORDS, ids=ascii)
def test_labels_may_be_in_any_words(app, admin, notebook, words):
    page = admin.get(f"/org/oauth/{notebook.client_id}/secrets/new")
    assert admin.submit(page, label=words).status_code == 200


# -- names that were stored before the rule ---------------------------------------------------------


@pytest.fixture
def rename(app, notebook):
    """Give the app and its organization names as an earlier version would have kept them."""

    def rename(name: str) -> None:
        with app.app_context():
            db.session.execute(update(Client).values(name=name))
            db.session.execute(update(Organization).values(name=name))
            db.session.commit()

    return rename


@pytest.mark.parametrize(
    ("name", "shown"),
    [("\u3164", "‹U+3164›"), ("Goo\u200bgle\u00ad", "Goo‹U+200B›gle‹U+00AD›"), ("Аcme", "‹U+0410›cme")],
)
def test_whoever_decides_sees_what_is_wrong_with_a_stored_name(app, rename, notebook, signed_in, name, shown):
    """The rule runs where a name is read, as for redirect URIs, so no page and no answer can forget it."""
    rename(name)
    picker = notebook.start(signed_in)
    consent = signed_in.follow(signed_in.submit(picker, press="Continue", selection="all"))
    for page in (picker, consent):
        assert page.text.count(f"<bdi>{shown}</bdi>") >= 2
        assert f"registered by <bdi>{shown}</bdi>" in page.text
        assert name not in page.text
    assert signed_in.submit(consent, press="Authorize").status_code == 303
    for path in ("/account/", "/account/apps/"):
        assert shown in signed_in.get(path).text and name not in signed_in.get(path).text


def test_an_app_with_a_stored_name_of_the_old_kind_can_still_be_changed_and_deleted(app, rename, notebook, admin):
    """It is no reason to keep a required scope, or an app that nobody wants."""
    rename("Goo\u200bgle")
    shown = "Goo‹U+200B›gle"
    assert (
        run_in(app, "clients", "update", notebook.client_id, options={"--description": "Finds things."}).exit_code == 0
    )
    listed = run_in(app, "clients", "list", options={"--json": True})
    assert [one["name"] for one in json.loads(listed.stdout)["clients"]] == [shown]
    assert run_in(app, "clients", "delete", notebook.client_id, options={"--name": shown}).exit_code == 0
