"""Freezing everything: one button with a question pauses every app at once; each is resumed by itself."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from app.accounts.models import User
from app.consents.events import PAUSED, ConsentEvent
from app.consents.models import Consent
from tests.actors import Browser
from tests.personal.conftest import Connected, post, stock


@pytest.fixture
def both(connect, notebook, pocket, shelf) -> list[Connected]:
    """Two apps that Alice has connected."""
    return [connect(one, shelf.mementos["Recipes"], scope="memories:read") for one in (notebook, pocket)]


def freeze(browser: Browser):
    return browser.follow(browser.submit(browser.get("/account/apps/pause-all"), press="Freeze everything"))


def test_one_button_asks_and_pauses_all(signed_in, both):
    page = signed_in.get("/account/")
    assert 'href="/account/apps/pause-all">Freeze everything</a>' in page.text
    question = signed_in.get("/account/apps/pause-all")
    assert "This pauses all 2 apps at once" in question.text and all(one.is_alive() for one in both)
    assert "All 2 apps are paused" in freeze(signed_in).text
    for one in both:
        assert one.integrator.me(one.access_token).status_code == 401
        assert one.integrator.refresh(one.refresh_token).json["error"] == "invalid_grant"
    assert not both[0].integrator.introspect(both[0].access_token).json["active"]


def test_each_goes_on_by_itself_with_everything_as_it_was(signed_in, both, shelf):
    page = freeze(signed_in)
    assert "Freeze everything" not in page.text
    signed_in.submit(page, action=both[0].path + "resume")
    assert [one.is_alive() for one in both] == [True, False]
    assert both[0].sees() == {shelf.mementos["Recipes"]}


def test_what_was_paused_before_keeps_its_moment_and_what_was_frozen_has_one(
    signed_in, both, in_database, let_time_pass
):
    post(signed_in, both[0].path + "pause")
    before = in_database(lambda session: session.get_one(Consent, both[0].grant_id).paused_at)
    let_time_pass(minutes=5)
    freeze(signed_in)
    assert in_database(lambda session: session.get_one(Consent, both[0].grant_id).paused_at) == before
    frozen_at = in_database(lambda session: session.scalar(select(User.frozen_at).where(User.frozen_at.is_not(None))))
    assert in_database(lambda session: session.get_one(Consent, both[1].grant_id).paused_at) == frozen_at


def test_each_pause_is_an_event_that_says_all(signed_in, both, in_database):
    freeze(signed_in)

    def read(session):
        rows = session.scalars(select(ConsentEvent).where(ConsentEvent.kind == PAUSED))
        return {(event.grant_id, event.actor, event.changed) for event in rows}

    assert in_database(read) == {(one.grant_id, "person", '{"all": true}') for one in both}


def test_nobody_elses_app_is_paused(app, signed_in, both, notebook, carol, in_database):
    other = Browser(app)
    other.enter(carol)
    theirs = replace(notebook, scope="memories:read").tokens(
        other, choose={"selection": "selected", "memento_ids": [stock(app, carol.id).mementos["Recipes"]]}
    )
    freeze(signed_in)
    assert notebook.is_alive(theirs["access_token"])


def test_where_nothing_goes_on_there_is_nothing_to_freeze(signed_in, both):
    freeze(signed_in)
    page = signed_in.get("/account/apps/pause-all")
    assert "All your apps are paused already" in page.text and "<button" not in page.text.split("<main")[1]
    assert "No app was left to pause" in signed_in.follow(post(signed_in, "/account/apps/pause-all")).text


def test_a_decision_that_was_open_is_shown_once_more(signed_in, both, notebook, shelf):
    """A page from before cannot undo it, nor let one more app in unnoticed."""
    again = notebook.start(signed_in, prompt="consent")
    new = replace(notebook, scope="integrations:read").start(signed_in)
    freeze(signed_in)
    for page in (again, new):
        page = signed_in.submit(page, press="Authorize")
        assert page.status_code == 200 and "You have paused all your apps meanwhile." in page.text
    assert not any(one.is_alive() for one in both)


def test_a_code_that_was_given_before_brings_nothing(signed_in, both, notebook):
    code = notebook.code(signed_in)
    freeze(signed_in)
    assert notebook.exchange(code).json["error"] == "invalid_grant"
