"""``GET /api/v1/mementos/``: exactly what the consent covers now."""

from datetime import timedelta

import pytest

from app import clock
from tests.api.conftest import ALL_SCOPES

NEW = {"title": "Bread", "text": "Flour and water."}


def test_the_chosen_mementos_are_told_with_names_actions_and_counts(shelf, connect, choose):
    drive, slack = shelf.connect(), shelf.connect("slack")
    for folder in ("Trips", "Trips/South", "Food"):
        shelf.keep(folder, drive, folder=folder)
    trips, chats = shelf.memento("Trips", (drive, "Trips")), shelf.memento("Chats", slack)
    shelf.memento("Unticked", drive)
    caller = connect(trips, chats)
    choose(caller, trips, writable=[chats])
    answer = caller.get("mementos/").json
    manage_url = f"http://127.0.0.1:8000/account/apps/{caller.grant_id}/"
    assert (answer["selection"], answer["manage_url"]) == ("selected", manage_url)
    assert sorted(answer["data"], key=lambda one: one["name"]) == [
        {"id": chats, "name": "Chats", "actions": ["read", "write"], "memory_count": 0},
        {"id": trips, "name": "Trips", "actions": ["read"], "memory_count": 2},
    ]


def test_everything_is_one_memento(shelf, connect):
    drive = shelf.connect()
    shelf.keep("One", drive), shelf.memento("Mine", drive)
    answer = connect().get("mementos").json
    assert answer["selection"] == "all"
    assert answer["data"] == [{"id": "all", "name": "Everything", "actions": ["read"], "memory_count": 1}]


def test_nothing_is_none_until_the_app_has_its_own(connect):
    caller = connect(selection="none")
    assert caller.get("mementos/").json["data"] == []
    caller.post("memories/", NEW)
    (own,) = caller.get("mementos/").json["data"]
    assert (own["name"], own["actions"], own["memory_count"]) == ("Saved by Acme Notebook", ["read", "write"], 1)


@pytest.mark.parametrize(("scope", "actions"), [("memories:read", [["read"]]), ("integrations:read", [])])
def test_what_the_token_may_do_nowhere_is_not_told(shelf, connect, scope, actions):
    memento = shelf.memento("Mine", shelf.connect())
    connect(memento)
    answer = (
        connect(memento, scope=scope).get("mementos/")
        if scope == "memories:read"
        else connect(scope=scope).get("mementos/")
    )
    assert answer.status_code == 200
    assert [one["actions"] for one in answer.json["data"]] == actions


def test_a_token_that_speaks_for_an_organization_has_no_mementos(organization):
    response = organization.get("mementos/")
    assert (response.status_code, response.json["code"]) == (403, "not_a_person")


def test_a_choice_acts_at_once_without_a_new_token(shelf, connect, choose):
    """Unticked: 404 on the next call. Added to a ticked integration: there on the next call."""
    drive, slack = shelf.connect(), shelf.connect("slack")
    id = shelf.keep("Lisbon", drive)
    trips, chats = shelf.memento("Trips", drive), shelf.memento("Chats", slack)
    caller = connect(trips, chats)
    assert caller.get(f"memories/{id}/").status_code == 200
    choose(caller, chats)
    assert caller.get(f"memories/{id}/").status_code == 404
    assert [memento["id"] for memento in caller.get("mementos/").json["data"]] == [chats]
    later = shelf.keep("Later", slack)
    assert caller.get(f"memories/{later}/").status_code == 200
    assert caller.titles() == ["Later"]
    choose(caller, selection="none")
    assert caller.titles() == []


@pytest.mark.parametrize("ended", ["paused_at", "revoked_at", "expires_at"])
def test_a_paused_or_ended_consent_reaches_nothing_at_once(notebook, connect, change_consent, ended):
    caller = connect(scope=ALL_SCOPES)
    assert caller.get("memories/").status_code == 200
    change_consent(notebook, **{ended: clock.now() - timedelta(seconds=1)})
    for response in (caller.get("memories/"), caller.get("mementos/"), caller.post("memories/", NEW)):
        assert (response.status_code, response.json["code"]) == (401, "invalid_token")
