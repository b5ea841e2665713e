"""Memories over the API: what an app adds, one or many at once, changes and deletes."""

import pytest

from app.database import patience
from app.extensions import db
from app.memories.mementos import list_mementos
from app.memories.models import Memento
from tests.tables import each

# -- adding ----------------------------------------------------------------------------------------


NEW = {
    "title": "Bread",
    "text": "Flour and water.",
    "tags": ["food"],
    "folder": "Baking",
    "source_url": "https://a.example/1",
}


def test_what_an_app_adds_lands_in_its_own_memento_which_it_can_read(shelf, connect, app, alice):
    shelf.keep("Diary", shelf.connect())
    caller = connect(selection="none")
    response = caller.post("memories/", NEW)
    assert response.status_code == 201
    assert {name: response.json[name] for name in NEW} == NEW
    assert caller.get(f"memories/{response.json['id']}/").json == response.json
    assert caller.titles() == caller.titles(q="flour") == ["Bread"]
    with app.app_context():
        (memento,) = list_mementos(alice.id)
    assert (memento.name, memento.count) == ("Saved by Acme Notebook", 1)


def test_one_memory_is_kept_in_the_time_that_any_request_has(connect, monkeypatch):
    """Where the database says nothing, an app is told soon; only what is known to be much is waited for longer."""
    taken = []
    monkeypatch.setattr(patience, "take_time", lambda: taken.append(1))
    caller = connect()
    id = caller.post("memories/", NEW).json["id"]
    assert caller.patch(f"memories/{id}/", {"text": "Rye and water."}).status_code == 200
    assert taken == []
    assert caller.post("memories/", NEW | {"text": "a" * 20_000}).status_code == 201
    assert taken == [1]


def test_there_is_one_memento_of_an_apps_own_however_much_it_adds(connect, app, alice):
    caller = connect()
    for title in ("One", "Two"):
        caller.post("memories/", NEW | {"title": title})
    with app.app_context():
        assert [(memento.name, memento.count) for memento in list_mementos(alice.id)] == [("Saved by Acme Notebook", 2)]


def test_a_deleted_own_memento_takes_what_was_saved_out_of_reach_and_is_made_anew(connect, app, alice):
    caller = connect(selection="none")
    caller.post("memories/", NEW)
    with app.app_context():
        db.session.delete(db.session.get_one(Memento, list_mementos(alice.id)[0].id))
        db.session.commit()
    assert caller.titles() == []
    caller.post("memories/", NEW | {"title": "Later"})
    assert caller.titles() == ["Later"]


def test_an_own_memento_finds_another_name_when_the_person_has_one_of_that_name(shelf, connect, app, alice):
    shelf.memento("Saved by Acme Notebook", shelf.connect())
    connect().post("memories/", NEW)
    with app.app_context():
        assert [memento.name for memento in list_mementos(alice.id)] == [
            "Saved by Acme Notebook",
            "Saved by Acme Notebook (2)",
        ]


def test_an_organizations_app_adds_to_the_organization(organization, connect):
    assert organization.post("memories/", NEW).status_code == 201
    assert organization.titles() == ["Bread"]
    assert connect().titles() == []


@each(
    ("change", "field", "code"),
    [
        ({"title": None}, "title", "type"),
        ({"title": ""}, "title", "too_short"),
        ({"title": "x" * 301}, "title", "too_long"),
        ({"title": "a\nb"}, "title", "invalid"),
        ({"title": " "}, "title", "invalid"),
        ({"title": 1}, "title", "type"),
        ({"text": "a\0b"}, "text", "invalid"),
        ({"text": "\ud800"}, "text", "invalid"),
        ({"text": "x" * 100_001}, "text", "too_long"),
        ({"text": True}, "text", "type"),
        ({"tags": "food"}, "tags", "type"),
        ({"tags": [1]}, "tags", "type"),
        ({"tags": [""]}, "tags", "too_short"),
        ({"tags": [f"t{n}" for n in range(21)]}, "tags", "too_long"),
        ({"folder": "/a"}, "folder", "invalid"),
        ({"folder": "a//b"}, "folder", "invalid"),
        ({"folder": "a/"}, "folder", "invalid"),
        ({"source_url": "javascript:x"}, "source_url", "invalid"),
        ({"source_url": "https://a b"}, "source_url", "invalid"),
        ({"id": "mry_1"}, "id", "unknown"),
        ({"user_id": "usr_1"}, "user_id", "unknown"),
        ({"created_at": "2026-01-01"}, "created_at", "unknown"),
        ({"integration_id": "int_0"}, "integration_id", "unknown"),
    ],
)
def test_a_field_that_cannot_be_taken_is_named_and_nothing_is_added(sees_all, change, field, code):
    response = sees_all.post("memories/", NEW | change)
    assert (response.status_code, response.json["code"]) == (422, "validation_failed")
    assert [(error["field"], error["code"]) for error in response.json["errors"]] == [(field, code)]
    assert sees_all.titles() == []


def test_every_wrong_field_is_named_at_once(connect):
    response = connect().post("memories/", {"tags": 1, "colour": "red"})
    assert [error["field"] for error in response.json["errors"]] == ["colour", "tags", "text", "title"]


@each(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_request"),
        (b"{", 400, "invalid_request"),
        (b"\xff", 400, "invalid_request"),
        (b"[" * 100_000, 400, "invalid_request"),
        (b'{"title": NaN}', 400, "invalid_request"),
        (b'{"a":1,"a":1}', 400, "invalid_request"),
        (b"9" * 5000, 400, "invalid_request"),
        (b"[]", 422, "validation_failed"),
        (b"null", 422, "validation_failed"),
        (b'"' + b"x" * 2_000_000 + b'"', 413, "payload_too_large"),
    ],
    ids=lambda value: value[:12] if isinstance(value, bytes) else value,
)
def test_a_body_that_is_no_object_of_json_is_refused(sees_all, body, status, code):
    response = sees_all.open("POST", "memories/", data=body, content_type="application/json")
    assert (response.status_code, response.json["code"]) == (status, code)


@each("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data"])
def test_a_body_of_another_type_is_refused(sees_all, content_type):
    response = sees_all.open("POST", "memories/", data=b'{"title":"a","text":"b"}', content_type=content_type)
    assert (response.status_code, response.json["code"]) == (415, "unsupported_media_type")


# -- many at once ----------------------------------------------------------------------------------


def test_a_hundred_memories_are_added_at_once_in_their_order(connect):
    caller = connect(selection="none")
    response = caller.post("memories/bulk/", {"memories": [NEW | {"title": f"{n:03}"} for n in range(100)]})
    assert response.status_code == 201
    assert [memory["title"] for memory in response.json["data"]] == [f"{n:03}" for n in range(100)]
    assert caller.titles(limit=100) == [f"{n:03}" for n in reversed(range(100))]


def test_one_wrong_memory_keeps_all_out_and_every_error_has_its_index(connect):
    caller = connect(selection="none")
    memories = [NEW, NEW | {"title": ""}, {"text": "x"}, NEW | {"integration_id": "a b"}]
    response = caller.post("memories/bulk/", {"memories": memories})
    assert (response.status_code, response.json["code"]) == (422, "validation_failed")
    assert [(error["index"], error["field"]) for error in response.json["errors"]] == [
        (1, "title"),
        (2, "title"),
        (3, "integration_id"),
    ]
    assert caller.titles() == []


@each("body", [[], {}, {"memories": []}, {"memories": [NEW] * 101}, {"memories": NEW}, {"memories": [NEW], "x": 1}])
def test_another_number_or_shape_is_refused(sees_all, body):
    assert sees_all.post("memories/bulk/", body).json["code"] == "validation_failed"


# -- changing and deleting -------------------------------------------------------------------------


def test_an_app_changes_and_deletes_what_it_added(connect, let_time_pass):
    caller = connect(selection="none")
    memory = caller.post("memories/", NEW).json
    let_time_pass(seconds=5)
    changed = caller.patch(f"memories/{memory['id']}/", {"title": "Rye", "tags": ["dark"], "source_url": None})
    assert changed.status_code == 200
    assert changed.json == caller.get(f"memories/{memory['id']}/").json
    assert changed.json["updated_at"] > memory["updated_at"]
    assert changed.json == memory | {
        "title": "Rye",
        "tags": ["dark"],
        "source_url": None,
        "updated_at": changed.json["updated_at"],
    }
    assert (caller.titles(q="rye"), caller.titles(q="bread")) == (["Rye"], [])
    deleted = caller.delete(f"memories/{memory['id']}/")
    assert (deleted.status_code, deleted.content_type) == (204, None)
    assert caller.get(f"memories/{memory['id']}/").status_code == 404
    assert caller.titles() == caller.titles(q="rye") == []


@pytest.mark.parametrize("selection", ["all", "selected"])
def test_what_was_there_before_may_be_read_and_not_changed(shelf, connect, selection):
    drive = shelf.connect()
    id = shelf.keep("Diary", drive)
    memento = shelf.memento("Mine", drive)
    caller = connect() if selection == "all" else connect(memento)
    for response in (caller.patch(f"memories/{id}/", {"title": "x"}), caller.delete(f"memories/{id}/")):
        assert (response.status_code, response.json["code"]) == (403, "not_writable")
    assert caller.titles() == ["Diary"]


def test_with_the_write_tick_what_lies_in_the_memento_may_be_changed(shelf, connect, choose):
    drive, slack = shelf.connect(), shelf.connect("slack")
    diary, chat = shelf.keep("Diary", drive), shelf.keep("Chat", slack)
    ticked, other = shelf.memento("Ticked", drive), shelf.memento("Other", slack)
    caller = connect(ticked, other)
    choose(caller, other, writable=[ticked])
    assert caller.patch(f"memories/{diary}/", {"text": "Dear"}).status_code == 200
    assert caller.patch(f"memories/{chat}/", {"text": "Dear"}).json["code"] == "not_writable"
    choose(caller, ticked, other)
    assert caller.delete(f"memories/{diary}/").json["code"] == "not_writable"


def test_a_memory_cannot_be_moved_out_of_what_may_be_written(shelf, connect, choose):
    drive = shelf.connect()
    id = shelf.keep("Lisbon", drive, folder="Trips")
    trips = shelf.memento("Trips", (drive, "Trips"))
    caller = connect(trips)
    choose(caller, writable=[trips])
    assert caller.patch(f"memories/{id}/", {"folder": "Trips/South"}).status_code == 200
    assert caller.patch(f"memories/{id}/", {"folder": "Private"}).json["code"] == "not_writable"
    assert caller.get(f"memories/{id}/").json["folder"] == "Trips/South"


def test_what_is_out_of_reach_can_neither_be_changed_nor_told_from_nothing(shelf, connect):
    id = shelf.keep("Diary", shelf.connect())
    caller = connect(shelf.memento("Other", shelf.connect("slack")))
    for response in (caller.patch(f"memories/{id}/", {"title": "x"}), caller.delete(f"memories/{id}/")):
        assert (response.status_code, response.json["code"]) == (404, "not_found")


def test_an_organization_changes_and_deletes_its_own(organization):
    id = organization.post("memories/", NEW).json["id"]
    assert organization.patch(f"memories/{id}/", {"folder": "x"}).json["folder"] == "x"
    assert organization.delete(f"memories/{id}/").status_code == 204


@each("id", ["x" * 41, "a b", "%00", "é", "..", "mry_'--", "bulk"])
def test_an_id_that_can_be_nobodys_is_not_found(sees_all, id):
    for method in ("get", "delete"):
        assert getattr(sees_all, method)(f"memories/{id}/").status_code in (404, 405)
