"""``/api/v1/integrations/``: which sources an app sees, and which it may change."""

from dataclasses import replace

import pytest

from app.accounts.organizations import find_organization
from tests.api.made import said

NEW = {"kind": "notion", "name": "My notes"}


def names(caller) -> list[str]:
    response = caller.get("integrations/")
    assert response.status_code == 200, response.text
    return [integration["name"] for integration in response.json["data"]]


def test_integrations_within_reach_are_told_with_status_and_counts_of_what_is_reached(shelf, connect):
    drive, slack, gmail = shelf.connect(), shelf.connect("slack"), shelf.connect("gmail")
    shelf.connect("dropbox")
    shelf.keep("Lisbon", drive, folder="Trips"), shelf.keep("Diary", drive)
    mail = shelf.keep("Mail", gmail)
    shelf.keep("Other mail", gmail)
    caller = connect(shelf.memento("Trips", (drive, "Trips"), mail), shelf.memento("Chats", slack))
    listed = caller.get("integrations/").json["data"]
    assert {one["name"]: one["memory_count"] for one in listed} == {"my google_drive": 1, "my slack": 0, "my gmail": 1}
    one = caller.get(f"integrations/{drive}/").json
    assert one in listed
    assert one == {
        "id": drive,
        "kind": "google_drive",
        "name": "my google_drive",
        "status": "connected",
        "last_synced_at": None,
        "memory_count": 1,
        "created_at": one["created_at"],
        "integration_type": "google_drive",
        "integration_step": "authorized",
        "source": "my google_drive",
        "document_type": "drive",
        "document_stats": {
            "status": {"indexed": 1, "indexing": 0, "error": 0},
            "total_size": len("About Lisbon."),
            "document_count": 1,
        },
    }


def test_what_is_out_of_reach_is_not_found(app, shelf, connect, bob):
    slack, dropbox = shelf.connect("slack"), shelf.connect("dropbox")
    theirs = type(shelf)(app, user_id=bob.id).connect()
    caller = connect(shelf.memento("Chats", slack))
    for id in (dropbox, theirs, "int_0"):
        for response in (
            caller.get(f"integrations/{id}/"),
            caller.patch(f"integrations/{id}/", {"name": "x"}),
            caller.delete(f"integrations/{id}/"),
        ):
            assert (response.status_code, response.json["code"]) == (404, "not_found")


def test_everything_and_nothing(shelf, connect, choose):
    shelf.keep("One", shelf.connect())
    caller = connect()
    assert caller.get("integrations/").json["data"][0]["memory_count"] == 1
    choose(caller, selection="none")
    assert names(caller) == []


def test_an_app_that_asked_for_integrations_alone_sees_them_all_and_no_memory(app, shelf, connect, bob):
    """The consent screen asked for no choice of mementos, and said that the app sees which sources are connected."""
    drive, slack = shelf.connect(), shelf.connect("slack")
    theirs = type(shelf)(app, user_id=bob.id).connect()
    lisbon = shelf.keep("Lisbon", drive)
    caller = connect(scope="integrations:read integrations:write")
    listed = caller.get("integrations/").json["data"]
    assert {one["id"]: one["memory_count"] for one in listed} == {drive: 1, slack: 0}
    assert caller.get(f"integrations/{drive}/").json in listed
    assert caller.get(f"integrations/{theirs}/").status_code == 404
    assert caller.get("mementos/").json["data"] == []
    assert caller.get(f"memories/{lisbon}/").json["code"] == "insufficient_scope"
    assert caller.patch(f"integrations/{drive}/", {"status": "syncing"}).json["status"] == "syncing"
    refused = caller.delete(f"integrations/{drive}/")
    assert (refused.status_code, refused.json["code"]) == (403, "not_writable")


@pytest.mark.parametrize(("selection", "seen"), [("selected", ["my slack"]), ("none", [])])
def test_a_token_for_integrations_alone_is_bounded_by_the_mementos_that_its_consent_names(
    shelf, connect, notebook, choose, selection, seen
):
    shelf.connect()
    chats = shelf.memento("Chats", shelf.connect("slack"))
    caller = connect(chats)
    choose(caller, *([chats] if selection == "selected" else []), selection=selection)
    narrow = notebook.refresh(caller.refresh_token, scope="integrations:read").json["access_token"]
    assert names(replace(caller, access_token=narrow)) == seen


@pytest.mark.parametrize("selection", ["all", "none"])
def test_an_integration_that_an_app_makes_is_the_persons_and_within_its_reach(connect, selection):
    caller = connect(selection=selection)
    response = caller.post("integrations/", NEW | {"last_synced_at": "2026-01-31T09:30:00+01:00"})
    assert response.status_code == 201
    made = response.json
    assert (made["kind"], made["name"], made["status"]) == ("notion", "My notes", "connected")
    assert made["last_synced_at"] == "2026-01-31T08:30:00+00:00"
    assert caller.get(f"integrations/{made['id']}/").json == made
    memory = caller.post("memories/", {"title": "Page", "text": "One.", "integration_id": made["id"]})
    assert (memory.status_code, memory.json["integration_kind"]) == (201, "notion")
    assert caller.get(f"integrations/{made['id']}/").json["memory_count"] == 1
    assert caller.titles() == ["Page"]


def test_memories_are_not_added_to_what_others_connected(shelf, connect):
    drive = shelf.connect()
    response = connect().post("memories/", {"title": "x", "text": "x", "integration_id": drive})
    assert [(error["field"], error["code"]) for error in response.json["errors"]] == [("integration_id", "unknown")]


def test_nor_to_one_that_the_person_has_picked_as_a_whole(shelf, connect, choose):
    drive = shelf.connect()
    caller = connect()
    choose(caller, writable=[shelf.memento("Drive", drive)])
    made = caller.post("integrations/", NEW).json["id"]
    many = [{"title": "Page", "text": "One.", "integration_id": id} for id in (made, drive)]
    response = caller.post("memories/bulk/", {"memories": many})
    assert [(error["field"], error["code"]) for error in response.json["errors"]] == [("integration_id", "unknown")]
    assert caller.titles() == []


def test_an_integration_is_changed(shelf, connect):
    drive = shelf.connect()
    caller = connect()
    changed = caller.patch(f"integrations/{drive}/", {"name": "Work", "status": "syncing"})
    assert changed.status_code == 200
    assert (changed.json["name"], changed.json["status"]) == ("Work", "syncing")
    assert caller.get(f"integrations/{drive}/").json == changed.json
    for wrong in ({"kind": "slack"}, {"status": "fine"}, {"name": ""}, {"last_synced_at": "now"}, {"x": 1}):
        response = caller.patch(f"integrations/{drive}/", wrong)
        assert [error["field"] for error in response.json["errors"]] == list(wrong)


def test_only_what_is_reached_as_a_whole_is_deleted_since_its_memories_go_with_it(shelf, connect, choose):
    drive, slack = shelf.connect(), shelf.connect("slack")
    shelf.keep("Lisbon", drive, folder="Trips"), shelf.keep("Chat", slack)
    caller = connect()
    choose(caller, writable=[shelf.memento("Trips", (drive, "Trips")), shelf.memento("Chats", slack)])
    assert said(caller.delete(f"integrations/{drive}/")) == (403, "not_writable")
    assert caller.delete(f"integrations/{slack}/").status_code == 204
    assert names(caller) == ["my google_drive"]
    assert caller.titles() == caller.titles(q="about") == ["Lisbon"]


def test_no_source_takes_along_memories_that_the_person_let_nobody_delete(shelf, connect, choose):
    """They read that it may "connect, change and remove your sources", and of each memento whether it may change that."""
    drive, slack, empty = shelf.connect(), shelf.connect("slack"), shelf.connect("gmail")
    shelf.keep("Lisbon", drive), shelf.keep("Chat", slack)
    window, whole = shelf.memento("Chats", slack), shelf.memento("All", drive, slack, empty)
    refused = (403, "not_writable")
    reader = connect(scope="memories:read integrations:write")
    assert [said(reader.delete(f"integrations/{id}/")) for id in (drive, slack)] == [refused] * 2
    caller = connect()
    assert [said(caller.delete(f"integrations/{id}/")) for id in (drive, slack)] == [refused] * 2
    choose(caller, whole, writable=[window])
    assert said(caller.delete(f"integrations/{drive}/")) == refused
    assert said(reader.delete(f"integrations/{slack}/")) == refused, "Its token may write no memories."
    # With nothing in it, only the source goes.
    assert caller.delete(f"integrations/{empty}/").status_code == 204
    assert caller.delete(f"integrations/{slack}/").status_code == 204
    assert caller.titles() == ["Lisbon"]


def test_what_an_app_added_goes_with_the_source_that_it_made(connect):
    caller = connect()
    id = caller.post("integrations/", NEW).json["id"]
    assert caller.post("memories/", {"title": "Page", "text": "One.", "integration_id": id}).status_code == 201
    assert caller.delete(f"integrations/{id}/").status_code == 204
    assert caller.titles() == []


def test_an_organization_has_its_own(app, shelf, organization):
    shelf.connect()
    with app.app_context():
        acme = find_organization("acme").id
    type(shelf)(app, organization_id=acme).connect("drive")
    assert names(organization) == ["my drive"]
    id = organization.post("integrations/", NEW).json["id"]
    assert organization.patch(f"integrations/{id}/", {"status": "error"}).json["status"] == "error"
    assert organization.delete(f"integrations/{id}/").status_code == 204
    assert names(organization) == ["my drive"]


@pytest.mark.parametrize(
    ("method", "path"), [("get", "integrations/"), ("post", "integrations/"), ("delete", "integrations/int_0/")]
)
def test_without_the_scope_nothing_is_done(connect, method, path):
    response = getattr(connect(scope="memories:read memories:write"), method)(path)
    assert (response.status_code, response.json["code"]) == (403, "insufficient_scope")
