"""Connections by their own names: called what their person likes, told apart, and changed and ended one by one."""

import re

import pytest
from sqlalchemy import select

from app.clients.models import DOCUMENT, DYNAMIC, find_client
from app.consents.changes import give_consent
from app.consents.choice import Choice
from app.consents.continuing import note_browser
from app.consents.installations import mark_browser, new_installation
from app.consents.introductions import Introduction, write_introduction
from app.consents.models import Consent
from app.credentials import KNOWN_BROWSER
from app.database.connections import connect
from app.extensions import db
from tests.actors import Browser
from tests.api.conftest import Caller
from tests.integrator import Integrator
from tests.tables import each
from tests.unregistered import add_unregistered


@pytest.fixture
def agent(app) -> Integrator:
    """A client that a document describes: each connection of it is one installation."""
    return add_unregistered(app, "https://agent.example.net/client.json", "Cursor", DOCUMENT)


@pytest.fixture
def known(browser, alice) -> Browser:
    """Alice's browser, which is known as hers."""
    browser.sign_in(alice.email, alice.password)
    return browser


def walk(app, browser, agent) -> Caller:
    """Connect the app through the screens."""
    tokens = agent.exchange(agent.code(browser)).json
    return Caller(app, tokens["access_token"], tokens["grant_id"], tokens["refresh_token"])


def name_of(browser) -> str:
    """What we know the browser by."""
    return next(
        one.value.partition(".")[0] for one in browser.client._cookies.values() if one.value.startswith(KNOWN_BROWSER)
    )


def write(app, browser, agent, person) -> Caller:
    """What the screens write down; there are no tokens."""
    with app.app_context(), connect(db.engine) as connection, connection.transaction():
        client = find_client(connection, agent.client_id)
        to_whom = {"user_id": person.id, "client_key": client.key, "installation": new_installation()}
        consent = give_consent(connection, scope=agent.scope, choice=Choice("all"), resumes=True, **to_whom)
        write_introduction(connection, consent.grant_id, client, client.name, agent.redirect_uri)
        note_browser(connection, consent.grant_id, mark_browser(name_of(browser), consent.grant_id))
    return Caller(app, "", consent.grant_id, "")


@pytest.fixture
def pair(app, known, alice, agent, shelf) -> list[Caller]:
    """Two connections of one app, of a browser that is known."""
    return [write(app, known, agent, alice) for _ in range(2)]


def test_a_connection_that_is_written_down_is_as_one_that_was_walked(app, known, alice, agent):
    tables, told = (Consent.__table__, Introduction.__table__), []
    for grant_id in (walk(app, known, agent).grant_id, write(app, known, agent, alice).grant_id):
        with app.app_context():
            asked = [select(table).where(table.c.grant_id == grant_id) for table in tables]
            row = {name: value for one in asked for name, value in db.session.execute(one).mappings().one().items()}
        assert row.pop("browser_digest") == mark_browser(name_of(known), row.pop("grant_id"))
        assert row.pop("installation")
        told.append({name: value for name, value in row.items() if not name.endswith("_at")})
    assert told[0] == told[1]


def path(caller: Caller) -> str:
    return f"/account/apps/{caller.grant_id}/"


def call(browser, caller: Caller, name: str):
    return browser.submit(browser.get(path(caller)), press="Save the name", name=name)


def test_a_connection_is_called_what_its_person_likes(browser, pair):
    page = browser.follow(call(browser, pair[0], "  Cursor on   the laptop "))
    assert "Saved: it is called Cursor on the laptop." in page.text
    assert "<h1><bdi>Cursor on the laptop</bdi></h1>" in page.text
    assert "it calls itself <bdi>Cursor</bdi>" in page.text
    for listed in ("/account/", "/account/apps/"):
        assert "<bdi>Cursor on the laptop</bdi></a>" in browser.get(listed).text
        assert "End Cursor on the laptop" in browser.get(listed).text
    assert "What <bdi>Cursor on the laptop</bdi> did" in browser.get(path(pair[0]) + "activity").text


def test_an_empty_name_is_what_the_app_calls_itself(browser, pair):
    call(browser, pair[0], "Cursor on the laptop")
    page = browser.follow(call(browser, pair[0], ""))
    assert "<h1><bdi>Cursor</bdi></h1>" in page.text and "You call it that" not in page.text


@each("name", ["x" * 101, "\u202eevil", "\u200b\u2060", "a\x00b"])
def test_what_is_no_name_is_told_at_its_field_and_changes_nothing(browser, pair, name):
    page = call(browser, pair[0], name)
    assert page.status_code == 422
    assert 'aria-invalid="true"' in page.text and 'href="#name"' in page.text
    assert "<h1><bdi>Cursor</bdi></h1>" in browser.get(path(pair[0])).text


def test_a_name_is_shown_as_words_alone(browser, pair):
    page = browser.follow(call(browser, pair[0], "<b>Cursor</b>")).text
    assert "&lt;b&gt;Cursor&lt;/b&gt;" in page and "<b>Cursor</b>" not in page


def test_nobody_else_names_it(app, browser, pair, carol):
    call(browser, pair[0], "Mine")
    page = browser.get(path(pair[0]))
    browser.client.delete_cookie("session")
    browser.enter(carol)
    assert browser.submit(page, press="Save the name", name="Hers").status_code in (400, 404)
    assert browser.get(path(pair[0])).status_code == 404


def test_one_that_has_ended_keeps_its_name(browser, pair):
    call(browser, pair[0], "Mine")
    page = browser.get(path(pair[0]))
    browser.end_app(pair[0].grant_id)
    assert browser.submit(page, press="Save the name", name="Another").status_code == 404
    assert "What <bdi>Mine</bdi> did" in browser.get(path(pair[0]) + "activity").text


def test_several_of_one_name_are_told_apart_by_when_and_where(browser, pair):
    page = browser.get("/account/apps/").text
    assert page.count("on this browser</small>") == 2
    assert page.count("End Cursor<span") == 2
    assert "Connected since" not in page and page.count("Until you end it.") == 2
    call(browser, pair[0], "Cursor on the laptop")
    page = browser.get("/account/apps/").text
    assert "on this browser</small>" not in page
    assert page.count("It was connected on this browser.") == 2


def test_each_is_narrowed_paused_and_ended_by_itself(app, browser, known, agent, shelf):
    """What is done to one changes nothing for the other, from the next call on."""
    one, two = walk(app, known, agent), walk(app, known, agent)

    def reads() -> list[int]:
        return [each.get("memories/").status_code for each in (one, two)]

    counts = [len(each.titles()) for each in (one, two)]
    assert counts[0] == counts[1] > 0
    difference = browser.submit(browser.get(path(one) + "mementos"), press="See what changes", selection="none")
    browser.submit(difference, press="Apply")
    assert [len(each.titles()) for each in (one, two)] == [0, counts[1]]
    browser.submit(browser.get(path(one)), press="Pause")
    assert reads() == [401, 200]
    browser.submit(browser.get(path(one)), press="Resume")
    assert reads() == [200, 200]
    browser.end_app(one.grant_id)
    assert reads() == [401, 200]


def test_a_memento_names_who_uses_it_as_the_person_does(browser, pair, shelf):
    memento = shelf.mementos["Recipes"]
    for caller in pair:
        page = browser.get(path(caller) + "mementos")
        difference = browser.submit(page, press="See what changes", selection="selected", memento_ids=[memento])
        browser.submit(difference, press="Apply")
    call(browser, pair[0], "Cursor on the laptop")
    page = browser.get(f"/account/mementos/{memento}/").text
    assert "<bdi>Cursor on the laptop</bdi>" in page and "<bdi>Cursor</bdi>" in page


def test_a_memento_names_several_connections_of_one_name_once(browser, pair, shelf):
    memento = shelf.mementos["Recipes"]
    for caller in pair:
        page = browser.get(path(caller) + "mementos")
        difference = browser.submit(page, press="See what changes", selection="selected", memento_ids=[memento])
        browser.submit(difference, press="Apply")
    once = 'used by <a href="/account/apps/"><bdi>Cursor</bdi></a> (2 connections)</span>'
    assert once in browser.get("/account/").text
    call(browser, pair[0], "Cursor on the laptop")
    page = browser.get("/account/").text
    assert page.count("<bdi>Cursor</bdi></a> and <a") == 1 and "connections)" not in page


def test_what_an_app_says_it_is_stands_once_beside_its_persons_name(app, browser, alice):
    agent = add_unregistered(app, "client_of_an_agent", "Cursor", DYNAMIC)
    browser.sign_in(alice.email, alice.password)
    caller = Caller(app, "", agent.exchange(agent.code(browser)).json["grant_id"], "")
    page = browser.follow(call(browser, caller, "Cursor on the laptop")).text
    assert "says it is “<bdi>Cursor</bdi>”; nobody has checked that" in page
    assert "it calls itself" not in page


def test_an_answer_that_stayed_on_a_computer_is_told_apart_on_another(app, browser, alice):
    """Nobody is told "this computer" of another one."""
    agent = add_unregistered(app, "client_here", "Cursor", DYNAMIC, redirect_uris=["http://localhost:8787/callback"])
    agent.redirect_uri = "http://localhost:8787/callback"
    browser.sign_in(alice.email, alice.password)
    grant_id = agent.exchange(agent.code(browser)).json["grant_id"]
    elsewhere = Browser(app)
    elsewhere.enter(alice)
    for address in ("/account/", "/account/apps/", f"/account/apps/{grant_id}/"):
        assert '<strong class="host">a program on this computer</strong> (localhost:8787)' in browser.get(address).text
        there = elsewhere.get(address).text
        assert '<strong class="host">a program on the computer where you allowed it</strong> (localhost:8787)' in there
        assert "this computer" not in there


def test_one_that_took_anothers_place_leads_to_what_that_did(browser, agent, pair):
    call(browser, pair[0], "Cursor on the laptop")
    page = agent.start(browser)
    tokens = agent.exchange(agent.answer(browser.submit(page, press="Authorize", same=pair[0].grant_id))["code"]).json
    page = browser.get(f"/account/apps/{tokens['grant_id']}/").text
    assert "<h1><bdi>Cursor on the laptop</bdi></h1>" in page
    assert f'<a href="{path(pair[0])}activity">what that one did</a>' in page
    before = browser.get(path(pair[0]) + "activity").text
    assert "it goes on as “<bdi>Cursor on the laptop</bdi>”" in before
    assert f"/account/apps/{tokens['grant_id']}/activity" in before


def test_many_of_one_name_are_folded_and_each_is_still_there(app, browser, alice, agent, pair):
    """So that one app that was connected again and again does not hide the others."""
    grants = [each.grant_id for each in (*pair, *(write(app, browser, agent, alice) for _ in range(3)))]
    for path, shown in (("/account/", 2), ("/account/apps/", 3)):
        page = browser.get(path).text
        assert page.count("<article") == 1 and page.count("/disconnect") == shown
        more = re.search(rf'href="(/account/apps/\?of=\w+)">{5 - shown} more of <bdi>Cursor</bdi></a>', page)[1]
    page = browser.get(more).text + browser.get(f"{more}&page=2").text
    assert all(f"/account/apps/{grant_id}/disconnect" in page for grant_id in grants)
