"""What is done on pages, by an app, or by an organization to a consent is kept for its person as events."""

import pytest

from app.consents.events import Event
from app.extensions import db
from tests.actors import Browser
from tests.consents.events import list_events
from tests.personal.conftest import post


@pytest.fixture
def events(app, alice):
    """Alice's events, the oldest first."""

    def events() -> list[Event]:
        with app.app_context():
            return list_events(db.session(), alice.id)[::-1]

    return events


@pytest.fixture
def told(events):
    """The kind and the actor of each after the first, which gave it."""
    return lambda: [(event.kind, event.actor) for event in events()[1:]]


def test_the_decision_of_a_request_gives_and_changes(events, signed_in, connected, shelf):
    (given,) = events()
    assert (given.kind, given.actor, given.grant_id) == ("given", "person", connected.grant_id)
    assert given.changed["mementos"] == [shelf.mementos["Recipes"]]
    connected.integrator.authorize(signed_in, scope="memories:read integrations:write")
    assert [(event.kind, event.changed) for event in events()[1:]] == [("widened", {"scopes": ["integrations:write"]})]


def test_an_answer_without_a_screen_is_no_event(told, signed_in, connected):
    answer = connected.integrator.start(signed_in)
    assert connected.integrator.answer(answer)["code"]
    assert told() == []


def test_the_page_of_an_app_changes_pauses_resumes_and_ends(told, signed_in, connected, shelf):
    page = signed_in.submit(signed_in.get(connected.path + "mementos"), selection="all", memento_ids=[])
    signed_in.submit(page, press="Apply")
    for path, data in [
        ("end", {"until": "day"}),
        ("pause", {}),
        ("pause", {}),
        ("resume", {}),
        ("disconnect", {"memories": "keep"}),
    ]:
        assert post(signed_in, connected.path + path, data).status_code == 303
    kinds = [kind for kind, actor in told() if actor == "person"]
    assert kinds == ["widened", "narrowed", "paused", "resumed", "ended"]


def test_a_memento_that_the_person_deletes_narrows_what_named_it(events, told, signed_in, connected, shelf):
    post(signed_in, f"/account/mementos/{shelf.mementos['Recipes']}/delete")
    assert told() == [("narrowed", "person")]
    assert events()[1].changed == {"mementos": [shelf.mementos["Recipes"]]}
    assert connected.sees() == set()


def test_a_memento_that_the_app_takes_back_narrows_what_the_person_had_ticked(
    events, told, signed_in, connected, shelf
):
    api, headers = connected.integrator.app.test_client(), {"Authorization": f"Bearer {connected.access_token}"}
    made = api.post("/api/v1/mementos/", json={"name": "Drafts"}, headers=headers).json["id"]
    page = signed_in.get(connected.path + "mementos")
    page = signed_in.submit(page, selection="selected", memento_ids=[shelf.mementos["Recipes"], made])
    signed_in.submit(page, press="Apply")
    assert api.delete(f"/api/v1/mementos/{made}/", headers=headers).status_code == 204
    assert told() == [("widened", "person"), ("narrowed", "app")]
    assert events()[2].changed == {"mementos": [made]}


def test_an_organization_that_deletes_its_app_ends_it(events, told, app, connected, bob):
    admin = Browser(app)
    admin.sign_in(bob.email, bob.password)
    page = admin.get(f"/org/oauth/{connected.integrator.client_id}/delete")
    admin.submit(page, press="Delete the app", typed_name="Acme Notebook")
    assert told() == [("ended", "admin")]
    assert events()[1].client_name == "Acme Notebook"


def test_an_operator_who_deletes_an_app_ends_it(told, app, connected):
    args = ["clients", "delete", connected.integrator.client_id, "--name", "Acme Notebook"]
    result = app.test_cli_runner().invoke(args=args)
    assert result.exit_code == 0, result.output
    assert told() == [("ended", "operator")]
