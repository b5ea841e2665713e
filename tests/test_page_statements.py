"""What a page asks of the database: no page asks the same thing twice, and none asks more than it does today."""

import re

import pytest
from sqlalchemy import select

from app.accounts.users import find_user_by_email
from app.consents.models import Consent
from app.demonstration.seeds import seed
from app.extensions import db
from app.memories.models import Memento
from tests.actors import Browser, Person, find_form
from tests.integrator import Integrator
from tests.statements import noted_statements

_SCOPE = "memories:read memories:write integrations:read"

#: page -> how many statements it sends at most.
_OF_A_PERSON = {
    "/": 4,
    "/account/": 22,
    "/account/apps/": 16,
    "/account/apps/{grant}/": 14,
    "/account/apps/{grant}/activity": 11,
    "/account/apps/{grant}/disconnect": 4,
    "/account/mementos/": 9,
    "/account/mementos/{memento}/": 11,
    "/account/mementos/{memento}/edit": 9,
    "/account/memories/": 6,
    "/account/activity/": 6,
    "/account/history/": 6,
    "/account/never-shared/": 5,
    "/account/sessions/": 3,
    "/account/settings/": 1,
    "/account/settings/notices/": 5,
    "/account/settings/sign-in/": 6,
}
_OF_AN_ORGANIZATION = {
    "/org/oauth/": 6,
    "/org/oauth/members": 7,
    "/org/oauth/audit": 8,
    "/org/oauth/register": 3,
    "/org/oauth/{client}": 9,
    "/org/oauth/{client}/settings": 9,
    "/org/oauth/{client}/resources": 7,
    "/org/oauth/{client}/requests": 13,
    "/org/oauth/{client}/people": 7,
    "/org/oauth/{client}/danger": 6,
    "/org/oauth/{client}/playground": 10,
    "/org/oauth/{client}/secrets/new": 7,
}
_OF_A_DECISION = {
    "GET /oauth/authorize": 5,
    "GET /oauth/authorize/continue": 8,
    "GET /oauth/authorize/mementos": 25,
    "GET /oauth/authorize/consent": 20,
    "POST /oauth/authorize/mementos": 28,
    "POST /oauth/authorize/consent": 36,
}


@pytest.fixture
def house(app):
    """The demonstration data, of which Alice has connected the notebook to two mementos; Alice, Bob and the notebook."""
    with app.app_context():
        told = seed()
        db.session.commit()
        people = [
            Person(find_user_by_email(one["email"]).id, one["email"], one["name"], one["password"])
            for one in told["users"][:2]
        ]
        of_alice = db.session.scalars(select(Memento.id).where(Memento.user_id == people[0].id).limit(2)).all()
    client = told["clients"][0]
    notebook = Integrator(app, client["client_id"], client["client_secret"], client["redirect_uris"][0], _SCOPE)
    browsers = [Browser(app), Browser(app)]
    for browser, person in zip(browsers, people, strict=True):
        browser.enter(person)
    notebook.tokens(browsers[0], choose={"selection": "selected", "memento_ids": of_alice})
    return *browsers, notebook, of_alice


def asked(noted: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What of it asks for something, or changes it: the rest begins and ends transactions."""
    return [one for one in noted if re.match(r"SELECT|WITH|INSERT|UPDATE|DELETE", one[0].lstrip())]


def twice(noted: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted({one for one in noted if noted.count(one) > 1})


def look(app, browser: Browser, pages: dict[str, int], **ids: str) -> None:
    for page, most in pages.items():
        # What is compiled, and what is remembered, is so from the second time on.
        assert browser.get(page.format(**ids)).status_code == 200, page
        with noted_statements(app) as noted:
            browser.get(page.format(**ids))
        found = asked(noted)
        assert twice(found) == [], page
        assert len(found) <= most, page


def test_a_persons_own_pages_ask_each_thing_once(app, house):
    alice, _bob, _notebook, mementos = house
    with app.app_context():
        grant = db.session.scalar(select(Consent.grant_id))
    look(app, alice, _OF_A_PERSON, grant=grant, memento=mementos[0])


def test_an_organizations_pages_ask_each_thing_once(app, house):
    _alice, bob, notebook, _mementos = house
    look(app, bob, _OF_AN_ORGANIZATION, client=notebook.client_id)


def test_the_screens_of_a_decision_ask_each_thing_once(app, house):
    """What is posted is looked at again once nobody else can change it."""
    alice, _bob, notebook, mementos = house
    counts: dict[str, int] = {}

    def count(act):
        with noted_statements(app) as noted:
            response = act()
        found = asked(noted)
        if response.request.method == "GET":
            assert twice(found) == [], response.request.path
        counts[f"{response.request.method} {response.request.path}"] = len(found)
        return response

    page = count(lambda: alice.get(notebook.authorize_url(prompt="consent")))
    while page.location:
        at = page
        page = count(lambda at=at: alice.follow_once(at))
    change = re.search(r'href="(/oauth/authorize/mementos[^"]*)"', page.text)[1].replace("&amp;", "&")
    page = count(lambda: alice.get(change))
    assert find_form(page, press="Continue")
    picker = page
    page = count(lambda: alice.submit(picker, press="Continue", selection="selected", memento_ids=mementos))
    chosen = page
    page = count(lambda: alice.follow_once(chosen))
    summary = page
    answer = count(lambda: alice.submit(summary, press="Authorize"))
    assert "code" in notebook.answer(answer)
    assert counts.keys() == _OF_A_DECISION.keys()
    assert {path: count for path, count in counts.items() if count > _OF_A_DECISION[path]} == {}
