"""Apps that were registered before there was a scope ``profile``: they ask as they always did, and lose nothing."""

import pytest
from sqlalchemy import update

from app.clients.models import DYNAMIC, Client
from app.extensions import db
from app.scopes import PROFILE, SCOPES
from tests.unregistered import add_unregistered

OTHERS = " ".join(name for name in SCOPES if name != PROFILE)
SENTENCE = SCOPES[PROFILE]


def make_earlier(app, client_id: str, **changes) -> None:
    """Put the client down as the version before did, which knows no such column."""
    with app.app_context():
        values = {Client.stored_scope: OTHERS, Client.implies_profile: True} | changes
        db.session.execute(update(Client).where(Client.client_id == client_id).values(values))
        db.session.commit()


@pytest.fixture
def earlier(app, notebook):
    make_earlier(app, notebook.client_id)
    return notebook


@pytest.fixture
def agent(app):
    """One that registered itself then."""
    agent = add_unregistered(app, "client_agent", "Agent", DYNAMIC)
    make_earlier(app, agent.client_id, stored_optional_scope=OTHERS)
    return agent


def allow(client, browser, ticked: list[str] | None = None, **changes) -> dict:
    """The tokens of a flow through the screens."""
    page = client.start(browser, **changes)
    page = browser.follow(browser.submit(page, press="Continue", selection="all"))
    assert SENTENCE in page.text
    given = {} if ticked is None else {"scopes": ticked}
    return client.exchange(client.answer(browser.submit(page, press="Authorize", **given))["code"]).json


@pytest.mark.parametrize("scope", ["memories:read", "memories:read offline_access"])
def test_it_asks_for_what_it_always_asked_for_and_is_told_the_same(earlier, signed_in, alice, scope):
    """The screen says it all; the answer names what was named, for libraries that take more for an error."""
    tokens = allow(earlier, signed_in, scope=scope)
    assert tokens["scope"] == scope
    assert earlier.me(tokens["access_token"]).json["email"] == alice.email
    renewed = earlier.refresh(tokens["refresh_token"]).json
    assert renewed["scope"] == scope
    assert earlier.me(renewed["access_token"]).json["email"] == alice.email
    assert earlier.introspect(renewed["access_token"]).json["scope"] == "memories:read profile"


def test_a_returning_person_sees_no_screen(earlier, signed_in):
    allow(earlier, signed_in, scope="memories:read")
    answer = earlier.answer(earlier.start(signed_in, scope="memories:read"))
    assert earlier.exchange(answer["code"]).json["scope"] == "memories:read"


def test_one_that_names_it_or_names_nothing_is_told_it(earlier, signed_in):
    assert allow(earlier, signed_in, scope="memories:read profile")["scope"] == "memories:read profile"
    assert earlier.tokens(signed_in, scope=None)["scope"] == " ".join(SCOPES)


def test_a_younger_app_that_does_not_name_it_has_it_not(notebook, signed_in):
    page = notebook.start(signed_in, scope="memories:read")
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    assert SENTENCE not in page.text
    tokens = notebook.exchange(notebook.answer(signed_in.submit(page, press="Authorize"))["code"]).json
    assert "email" not in notebook.me(tokens["access_token"]).json


def test_an_agent_loses_nothing_either_and_a_person_may_untick_it(agent, signed_in, alice):
    tokens = allow(agent, signed_in, scope="memories:read memories:write")
    assert agent.me(tokens["access_token"]).json["email"] == alice.email
    page = agent.start(signed_in, scope="memories:read memories:write", prompt="consent")
    page = signed_in.follow(page)
    if "/mementos" in page.request.path:
        page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    answer = agent.answer(signed_in.submit(page, press="Authorize", scopes=["memories:read", "memories:write"]))
    unticked = agent.exchange(answer["code"]).json
    for token in (unticked["access_token"], agent.refresh(unticked["refresh_token"]).json["access_token"]):
        assert "email" not in agent.me(token).json
    # What had been issued before is held to it, too.
    assert "email" not in agent.me(tokens["access_token"]).json


def test_an_operator_who_named_the_scopes_of_agents_before_takes_it_from_younger_ones_alone(
    app, agent, signed_in, alice, change_settings
):
    change_settings(third_party_scopes=("memories:read",))
    tokens = allow(agent, signed_in, scope="memories:read")
    assert agent.me(tokens["access_token"]).json["email"] == alice.email
    younger = add_unregistered(app, "client_younger", "Younger", DYNAMIC)
    page = younger.start(signed_in, scope="memories:read profile")
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    tokens = younger.exchange(younger.answer(signed_in.submit(page, press="Authorize"))["code"]).json
    assert tokens["scope"] == "memories:read"
    assert "email" not in younger.me(tokens["access_token"]).json
