"""What was there before an app wrote is kept in the same transaction, and goes when the person deletes it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock
from app.consents.undo.models import AppChange
from app.consents.undo.recording import forget_changes
from app.extensions import db
from app.memories.models import Memory

NEW = {"title": "Bread", "text": "Flour and water.", "tags": ["food"], "folder": "Kitchen"}


@pytest.fixture(scope="session")
def app(each_app):
    return each_app


@pytest.fixture
def kept(app):
    """What is kept, the oldest first, as dictionaries of what is not empty."""

    def kept() -> list[dict]:
        with app.app_context():
            rows = db.session.scalars(select(AppChange).order_by(AppChange.id)).all()
            names = [column.key for column in AppChange.__table__.columns]
            return [{name: value for name in names if (value := getattr(row, name)) is not None} for row in rows]

    return kept


@pytest.fixture
def let_pass(monkeypatch):
    def let_pass(**time) -> None:
        later = clock.now() + timedelta(**time)
        monkeypatch.setattr("app.clock.now", lambda: later)

    return let_pass


def test_of_what_is_added_only_that(caller, kept):
    ids = [caller.post("memories/", NEW).json["id"]]
    ids += [one["id"] for one in caller.post("memories/bulk/", {"memories": [NEW, NEW]}).json["data"]]
    assert [(one["kind"], one["memory_id"]) for one in kept()] == [("added", id) for id in ids]
    assert all(one["grant_id"] == caller.grant_id and "text" not in one and one["left_at"] for one in kept())


def test_of_what_is_changed_all_that_was_there(shelf, connect, choose, kept):
    drive = shelf.connect(name="My drive")
    id = shelf.keep("Lisbon", drive, folder="Trips", tags=("sea", "sun"))
    memento = shelf.memento("Trips", (drive, "Trips"))
    caller = connect(memento)
    choose(caller, writable=[memento])
    assert caller.patch(f"memories/{id}/", {"title": "Porto", "tags": []}).status_code == 200
    (one,) = kept()
    assert (one["kind"], one["title"], one["text"], one["folder"]) == ("changed", "Lisbon", "About Lisbon.", "Trips")
    assert one["tags"] == ["sea", "sun"] and one["integration_name"] == "My drive"
    assert one["created_at"] < one["left_at"] == one["at"].replace(microsecond=one["left_at"].microsecond)


def test_several_changes_by_one_app_within_minutes_are_one(caller, kept, let_pass):
    id = caller.post("memories/", NEW).json["id"]
    let_pass(minutes=20)
    for title in ("Rye", "Oat"):
        let_pass(minutes=4)
        caller.patch(f"memories/{id}/", {"title": title})
    assert [one.get("title") for one in kept()] == [None, "Bread"]
    assert kept()[1]["last_at"] - kept()[1]["at"] == timedelta(minutes=4)
    let_pass(minutes=11)
    caller.patch(f"memories/{id}/", {"title": "Spelt"})
    assert [one.get("title") for one in kept()] == [None, "Bread", "Oat"]


def test_a_change_after_the_person_changed_it_is_one_of_its_own(app, caller, kept, let_pass):
    id = caller.post("memories/", NEW).json["id"]
    with app.app_context():
        db.session.get_one(Memory, id).text = "The person's own words."
        db.session.commit()
    let_pass(minutes=1)
    caller.patch(f"memories/{id}/", {"title": "Rye"})
    assert [(one["kind"], one.get("text")) for one in kept()] == [
        ("added", None),
        ("changed", "The person's own words."),
    ]


def test_of_what_is_deleted_all_that_was_there_and_who_named_it(shelf, caller, kept):
    id = caller.post("memories/", NEW).json["id"]
    memento = shelf.memento("Bakery", id)
    assert caller.delete(f"memories/{id}/").status_code == 204
    one = kept()[1]
    assert (one["kind"], one["title"], one["tags"], one["picks"]) == ("deleted", "Bread", ["food"], [memento])


def test_of_a_source_that_is_deleted_every_memory_and_what_named_it(shelf, connect, choose, kept):
    drive = shelf.connect(name="My drive")
    ids = {shelf.keep("Lisbon", drive, folder="Trips", tags=("sea", "sun")), shelf.keep("Bread", drive)}
    whole, folder = shelf.memento("Drive", drive), shelf.memento("Trips", (drive, "Trips"), *ids)
    caller = connect()
    choose(caller, writable=[whole])
    assert caller.patch(f"integrations/{drive}/", {"name": "Theirs"}).status_code == 200
    assert caller.delete(f"integrations/{drive}/").status_code == 204
    renamed, *memories, source = kept()
    assert (renamed["kind"], renamed["integration_name"]) == ("changed", "My drive") and "memory_id" not in renamed
    assert {one["memory_id"] for one in memories} == ids
    assert {(one["title"], *sorted(one["tags"]), *one["picks"]) for one in memories} == {
        ("Lisbon", "sea", "sun", folder),
        ("Bread", folder),
    }
    assert sorted(source["picks"]) == sorted([whole, f"{folder}/Trips"]) and source["integration_name"] == "Theirs"


def test_a_refused_change_and_a_repeated_one_keep_nothing(shelf, connect, kept):
    caller = connect()
    id = shelf.keep("Lisbon", shelf.connect())
    assert caller.patch(f"memories/{id}/", {"title": "x"}).status_code == 403
    assert caller.delete(f"memories/{id}/").status_code == 403
    assert kept() == []
    for _ in range(2):
        caller.post("memories/", NEW, headers={"Idempotency-Key": "a"})
    assert len(kept()) == 1


def test_an_organizations_own_memories_are_nobodys_to_undo(organization, kept):
    id = organization.post("memories/", NEW).json["id"]
    organization.patch(f"memories/{id}/", {"title": "Rye"}), organization.delete(f"memories/{id}/")
    assert kept() == []


def test_what_the_person_deletes_is_gone(app, alice, bob, caller, kept):
    first, second = (caller.post("memories/", NEW).json["id"] for _ in range(2))
    caller.patch(f"memories/{first}/", {"text": "Rye."})
    with app.app_context():
        forget_changes(db.session(), bob.id, [first, second])
        db.session.commit()
    assert len(kept()) == 2
    with app.app_context():
        forget_changes(db.session(), alice.id, [first])
        db.session.commit()
    assert [one["memory_id"] for one in kept()] == [second]
