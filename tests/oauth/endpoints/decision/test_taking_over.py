"""The person has said that it is the same app as before: what the earlier one has goes to it, and that one ends."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock
from app.consents.models import Consent, ConsentMemento
from app.consents.receipts import AccessRecord
from app.consents.receipts.log import AccessLog
from app.extensions import db
from app.scopes import SCOPES
from tests.actors import Browser
from tests.api.made import add_memory, fill, make
from tests.consents.events import list_events
from tests.oauth.endpoints.decision.conftest import consent_of, offered, read, sorted_titles
from tests.tables import each


@pytest.mark.parametrize("origin", ["dynamic", "document"])
def test_the_same_one_takes_over_everything_and_the_earlier_one_ends(app, here, agent, connect_agent, shelf, origin):
    """Its mementos and which of them it may change, what it saved and made, and its name."""
    memento, other = shelf.memento("Work", shelf.keep("Plan", shelf.connect())), shelf.memento("Diary")
    client = agent(origin=origin)
    first = connect_agent(client, selection="selected", memento_ids=[other, memento], writable_ids=[memento])
    bread, made = add_memory(first), make(first)
    assert fill(first, made, bread).status_code == 200
    with app.app_context():
        db.session.get_one(Consent, first.grant_id).name = "Claude on the laptop"
        db.session.commit()

    page = (again := client if origin == "document" else agent()).start(here)
    for words in (
        "The same as “<bdi>Claude on the laptop</bdi>”",
        "It takes over what that one sees: <bdi>Diary</bdi>, <bdi>Work</bdi> (also to change).",
        "It takes over what that one has saved: 1 memory in “<bdi>Saved by Claude Code</bdi>”.",
        "It takes over its name.",
        "ends.",
    ):
        assert words in page.text, words
    second = connect_agent(again, same=first.grant_id)
    assert second.grant_id != first.grant_id
    assert sorted_titles(second) == ["Bread", "Plan"]
    assert second.patch(f"memories/{bread}/", {"title": "Rolls"}).status_code == 200
    plan = next(one["id"] for one in second.get("memories/").json["data"] if one["title"] == "Plan")
    assert second.patch(f"memories/{plan}/", {"title": "A plan"}).status_code == 200
    assert fill(second, made, remove=[bread]).status_code == 200
    add_memory(second, "More")
    assert sorted_titles(second) == ["A plan", "More", "Rolls"]
    with app.app_context():
        old, new = (db.session.get_one(Consent, each.grant_id) for each in (first, second))
        assert (old.revoked_at is not None, old.continued_by, new.name) == (True, new.grant_id, "Claude on the laptop")
        assert (old.installation == new.installation) and (new.installation != "") == (origin == "document")
        written = select(ConsentMemento.memento_id, ConsentMemento.can_write)
        rows = db.session.execute(written.where(ConsentMemento.grant_id == new.grant_id))
        assert {id: can_write for id, can_write in rows} == {memento: True, other: False}

    assert first.get("memories/").status_code == 401
    assert client.refresh(first.refresh_token).json["error"] == "invalid_grant"


def test_both_connections_tell_what_happened(app, alice, agent, connect_agent):
    first = connect_agent(agent())
    second = connect_agent(agent(), same=first.grant_id)
    with app.app_context():
        told = {each.grant_id: list_events(db.session, alice.id, each.grant_id) for each in (first, second)}
    (ended, _given), (given,) = told[first.grant_id], told[second.grant_id]
    assert (ended.kind, ended.actor, ended.changed) == ("ended", "person", {"continued_by": second.grant_id})
    assert (given.kind, given.changed["continues"]) == ("given", first.grant_id)


def test_what_the_earlier_one_did_stays_in_its_own_history(app, here, agent, connect_agent, shelf):
    shelf.keep("Plan", shelf.connect())
    first = connect_agent(agent(), selection="all")
    first.titles()
    app.extensions["services"].notes.of(AccessLog).flush()
    second = connect_agent(agent(), same=first.grant_id)
    grants = read(app, select(AccessRecord.grant_id).distinct())
    assert grants == [(first.grant_id,)]
    assert "Read" in here.get(f"/account/apps/{first.grant_id}/activity").text
    assert second.grant_id in here.get("/account/apps/").text


def test_one_that_was_taken_over_is_not_offered_again(here, agent, connect_agent):
    first = connect_agent(agent())
    second = connect_agent(agent(), same=first.grant_id)
    assert offered(agent().start(here)) == [second.grant_id]


def test_one_that_has_ended_hands_over_what_it_saved(app, here, agent, connect_agent):
    first = connect_agent(agent())
    add_memory(first)
    here.end_app(first.grant_id)
    page = agent().start(here)
    assert "That one ended on" in page.text
    assert sorted_titles(connect_agent(agent(), same=first.grant_id)) == ["Bread"]


def test_an_end_that_was_set_is_not_prolonged_in_passing(app, here, agent, connect_agent):
    first = connect_agent(agent())
    end = clock.now() + timedelta(days=3)
    with app.app_context():
        db.session.get_one(Consent, first.grant_id).expires_at = end
        db.session.commit()
    assert "It ends as that one would, on" in agent().start(here).text
    assert consent_of(app, connect_agent(agent(), same=first.grant_id)).expires_at == end


def test_a_pause_is_told_and_not_taken_over(app, here, agent, connect_agent):
    first = connect_agent(agent())
    with app.app_context():
        db.session.get_one(Consent, first.grant_id).paused_at = clock.now()
        db.session.commit()
    assert "You paused that one on" in agent().start(here).text
    assert consent_of(app, connect_agent(agent(), same=first.grant_id)).paused_at is None


def test_scopes_are_those_that_are_asked_for_now(app, here, agent, connect_agent):
    """What the page lists under "What it may do" is all that the new one may do, whatever the earlier one could."""
    first = connect_agent(agent())
    client = agent()
    page = client.start(here, scope="memories:read")
    code = client.answer(here.submit(page, press="Authorize", same=first.grant_id))["code"]
    assert client.exchange(code).json["scope"] == "memories:read"
    with app.app_context():
        (scope,) = db.session.scalars(select(Consent.scope).where(Consent.grant_id != first.grant_id))
    assert scope == "memories:read"


def _narrow(app, grant_id, scope="memories:read"):
    db.session.get_one(Consent, grant_id).scope = scope


def test_what_the_earlier_one_was_not_allowed_is_told(app, here, agent, connect_agent):
    """A connection that was narrowed does not come back wider unnoticed."""
    first = connect_agent(agent())
    more = "It asks for more than that one had"
    assert more not in agent().start(here).text
    with app.app_context():
        _narrow(app, first.grant_id, "memories:read integrations:read")
        db.session.commit()
    page = agent().start(here).text
    assert f"{more}: <q>{SCOPES['memories:write']}</q>." in page
    assert page.count(more) == 1
    # What is not asked for is no more.
    assert more not in agent().start(here, scope="memories:read").text


# -- what changes while the page is open ---------------------------------------------------------


def _end(app, grant_id):
    db.session.get_one(Consent, grant_id).revoked_at = clock.now()


def _rename(app, grant_id):
    db.session.get_one(Consent, grant_id).name = "Another name"


def _widen(app, grant_id):
    db.session.get_one(Consent, grant_id).selection = "all"


def _continue(app, grant_id):
    db.session.get_one(Consent, grant_id).continued_by = "grant_2"


def _limit(app, grant_id):
    db.session.get_one(Consent, grant_id).expires_at = clock.now() + timedelta(days=1)


@each("change", [_end, _rename, _widen, _narrow, _continue, _limit])
def test_an_earlier_one_that_changed_meanwhile_is_shown_anew(app, here, agent, connect_agent, change):
    first = connect_agent(agent())
    client = agent()
    page = client.start(here)
    with app.app_context():
        change(app, first.grant_id)
        db.session.commit()
    answer = here.submit(page, press="Authorize", same=first.grant_id)
    if answer.status_code == 303:
        # With nothing left to go on with, the choice comes first.
        answer = here.follow(answer)
        assert "/mementos" in answer.request.path
    assert "has ended or changed, or another one took its place" in answer.text
    assert len(read(app, select(Consent.grant_id))) == 1
    assert "code=" not in (answer.location or "")


def test_what_changes_of_one_that_was_not_chosen_is_nobodys_business(app, here, agent, connect_agent):
    first, other = connect_agent(agent()), connect_agent(agent())
    client = agent()
    page = client.start(here)
    with app.app_context():
        _rename(app, other.grant_id)
        db.session.commit()
    client.answer(here.submit(page, press="Authorize", same=first.grant_id))


def test_two_tabs_that_take_over_the_same_one_are_one_that_wins(app, here, agent, connect_agent):
    first = connect_agent(agent())
    clients = [agent(), agent()]
    pages = [client.start(here) for client in clients]
    clients[0].answer(here.submit(pages[0], press="Authorize", same=first.grant_id))
    second = here.submit(pages[1], press="Authorize", same=first.grant_id)
    assert second.status_code in (200, 303) and "code=" not in (second.location or "")
    assert "another one took its place" in here.follow(second).text
    assert len(read(app, select(Consent.grant_id))) == 2


@each("wrong", ["grant_of_nobody", "x" * 5000, "\x00", "grant 1"])
def test_an_answer_that_names_nothing_of_the_page_decides_nothing(app, here, agent, connect_agent, wrong):
    first = connect_agent(agent())
    client = agent()
    page = client.start(here)
    answer = _send(here, page, same=wrong)
    assert answer.status_code == 422 and "It was not clear" in answer.text
    assert len(read(app, select(Consent.grant_id))) == 1
    assert first.get("memories/").status_code == 200


def test_another_persons_connection_is_nothing_to_take_over(app, agent, connect_agent, carol):
    first = connect_agent(agent())
    hers = Browser(app)
    hers.sign_in(carol.email, carol.password)
    connect_agent(agent(), browser=hers)
    answer = _send(hers, agent().start(hers), same=first.grant_id)
    assert "code=" not in (answer.location or "") and first.get("memories/").status_code == 200
    assert len(read(app, select(Consent.grant_id))) == 2


def test_a_registered_clients_connection_is_nothing_to_take_over(app, here, signed_in, notebook, agent, connect_agent):
    grant_id = notebook.tokens(here)["grant_id"]
    connect_agent(agent())
    answer = _send(here, agent().start(here), same=grant_id)
    assert answer.status_code == 422
    assert read(app, select(Consent.revoked_at).where(Consent.grant_id == grant_id)) == [(None,)]


def _send(browser, page, **fields):
    """Send the page's form with what it does not offer."""
    return browser.submit(page, press="Authorize", **fields)


def test_the_events_name_no_client_of_anybody_else(app, alice, agent, connect_agent):
    first = connect_agent(agent())
    connect_agent(agent(), same=first.grant_id)
    with app.app_context():
        told = json.dumps([dict(event.changed) for event in list_events(db.session, alice.id)])
    assert "client_" not in told
