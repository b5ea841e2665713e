"""Mementos that an app makes: it fills and deletes only those of its own connection, with what it added itself."""

from datetime import timedelta

import pytest
from sqlalchemy import delete

from app import clock
from app.consents.models import Consent
from app.consents.saved import SavedMemento
from app.extensions import db
from app.memories.models import Memento, MementoContent
from tests.api.made import add_memory, fill, held, make, said

REFUSED = (403, "not_writable")


@pytest.mark.parametrize("slash", ["/", ""])
def test_a_memento_is_made_filled_read_emptied_and_deleted(app, caller, slash):
    made = caller.post(f"mementos{slash}", {"name": "Work Documents"})
    assert made.status_code == 201
    id = made.json["id"]
    assert made.json == {
        "id": id, "name": "Work Documents", "actions": ["read", "write"], "memory_count": 0, "document_ids": [],
    }  # fmt: skip
    bread, rye = add_memory(caller), add_memory(caller, "Rye")
    body = {"memento": id, "add": [bread, rye], "folder_add": [], "remove": ["mry_0"]}
    filled = caller.post(f"mementos/memento_document/{id}{slash}", body)
    assert (filled.status_code, filled.json["memory_count"], filled.json["document_ids"]) == (200, 2, [rye, bread])
    assert caller.get(f"mementos/{id}{slash}").json == filled.json
    taken = caller.post(f"mementos/memento_document/{id}{slash}", {"remove": [bread]})
    assert taken.json["document_ids"] == [rye]
    assert caller.delete(f"mementos/memento_document/{id}{slash}").status_code == 204
    assert caller.get(f"mementos/{id}{slash}").json["document_ids"] == []
    assert caller.delete(f"mementos/{id}{slash}").status_code == 204
    assert said(caller.get(f"mementos/{id}{slash}")) == (404, "not_found")
    assert caller.get(f"memories/{bread}/").status_code == 200


def test_making_a_memento_adds_nothing_to_what_the_consent_covers(caller, shelf):
    """What an app may look through is the person's choice alone; what is in there the app reaches anyway."""
    id, bread = make(caller), add_memory(caller)
    fill(caller, id, bread)
    answer = caller.get("mementos/").json
    assert [one["name"] for one in answer["data"]] == ["Saved by Acme Notebook"]
    assert answer["made"] == [{"id": id, "name": "Work Documents", "actions": ["read", "write"], "memory_count": 1}]
    assert caller.get("memories/", memento=id).json["data"] == []


def test_what_a_person_puts_into_it_is_not_shown_to_the_app(app, caller, shelf):
    id, diary = make(caller), shelf.keep("Diary", shelf.connect())
    with app.app_context():
        db.session.add(MementoContent(memento_id=id, memory_id=diary))
        db.session.commit()
    seen = caller.get(f"mementos/{id}/").json
    assert (seen["memory_count"], seen["document_ids"]) == (0, [])
    assert caller.get(f"memories/{diary}/").status_code == 404


def test_only_memories_that_the_app_added_itself_go_in(app, connect, shelf, other):
    """Also of those that it may read and write otherwise."""
    diary = shelf.keep("Diary", shelf.connect())
    caller, stranger = connect(), other()
    id, mine, theirs = make(caller), add_memory(caller), add_memory(stranger, "Theirs")
    for foreign in (diary, theirs, "mry_0"):
        response = fill(caller, id, mine, foreign)
        assert said(response) == (422, "validation_failed")
        assert [(error["field"], error["code"]) for error in response.json["errors"]] == [("add", "unknown")]
        assert foreign in response.json["errors"][0]["message"]
    assert held(app, id) == set()
    assert fill(caller, id, mine).status_code == 200


def test_memories_of_an_integration_that_the_app_made_go_in_too(caller):
    source = caller.post("integrations/", {"kind": "notion", "name": "Notes"}).json["id"]
    memory = caller.post("memories/", {"title": "One", "text": "One.", "integration_id": source}).json["id"]
    assert fill(caller, make(caller), memory).json["document_ids"] == [memory]


def _ways(caller, id: str) -> list:
    """Everything that may be tried on a memento."""
    return [
        fill(caller, id, add_memory(caller)),
        caller.post(f"mementos/memento_document/{id}/", {"remove": ["mry_0"]}),
        caller.delete(f"mementos/memento_document/{id}/"),
        caller.delete(f"mementos/{id}/"),
    ]


def test_what_another_app_made_is_not_found(app, caller, other):
    id = make(other())
    assert {said(response) for response in [*_ways(caller, id), caller.get(f"mementos/{id}/")]} == {(404, "not_found")}


def test_what_a_person_made_is_not_found_to_be_changed_however_much_the_app_may_write_there(connect, choose, shelf):
    mine = shelf.memento("Mine", shelf.connect())
    caller = connect(mine)
    choose(caller, writable=[mine])
    assert {said(response) for response in _ways(caller, mine)} == {(404, "not_found")}
    assert caller.get(f"mementos/{mine}/").json["document_ids"] is None
    saved = caller.get("mementos/").json["data"][-1]["id"]
    assert caller.delete(f"mementos/{saved}/").status_code == 404


def test_what_an_earlier_connection_of_the_app_made_is_the_persons_alone(app, connect, notebook, change_consent):
    """The memento stays when the connection ends; a new one begins with none."""
    before = connect(selection="none")
    id = make(before)
    fill(before, id, add_memory(before))
    change_consent(notebook, revoked_at=clock.now())
    assert before.delete(f"mementos/{id}/").status_code == 401
    again = connect(selection="none")
    assert {said(response) for response in [*_ways(again, id), again.get(f"mementos/{id}/")]} == {(404, "not_found")}
    assert again.get("mementos/").json["made"] == []
    with app.app_context():
        assert db.session.get(Memento, id) is not None
    assert make(again) != id


@pytest.mark.parametrize(
    ("ended", "answers"),
    [({}, {REFUSED}), ({"paused_at": -1}, {REFUSED}), ({"revoked_at": -1}, None), ({"expires_at": -1}, None)],
    ids=["live", "paused", "ended", "past its end"],
)
def test_one_that_another_consent_covers_is_neither_filled_nor_deleted(
    app, caller, other, notebook, change_consent, ended, answers
):
    """It would change what that app sees. A paused one comes back; one that has ended does not."""
    id = make(caller)
    fill(caller, id, bread := add_memory(caller))
    stranger = other(selection="selected", memento_ids=[id])
    with app.app_context():
        consent = db.session.get_one(Consent, stranger.grant_id)
        for name, seconds in ended.items():
            setattr(consent, name, clock.now() + timedelta(seconds=seconds))
        db.session.commit()
    ways = _ways(caller, id)
    if answers:
        assert {said(response) for response in ways} == answers
        assert held(app, id) == {bread}
    else:
        assert [response.status_code for response in ways] == [200, 200, 204, 204]


def test_an_app_that_sees_everything_keeps_nobody_from_their_own_mementos(caller, other):
    """It goes on seeing what is in there, whatever becomes of the memento."""
    other(selection="all")
    assert [response.status_code for response in _ways(caller, make(caller))] == [200, 200, 204, 204]


def test_ones_own_consent_may_cover_it(app, caller, choose):
    id = make(caller)
    choose(caller, id)
    filled = fill(caller, id, bread := add_memory(caller))
    assert (filled.status_code, filled.json["document_ids"]) == (200, [bread])
    assert caller.get(f"mementos/{id}/").json == filled.json
    assert caller.get("memories/", memento=id).json["data"][0]["id"] == bread


def test_one_that_the_person_has_put_something_into_is_theirs(app, caller, shelf):
    id, drive = make(caller), shelf.connect()
    with app.app_context():
        db.session.add(MementoContent(memento_id=id, integration_id=drive))
        db.session.commit()
    assert {said(response) for response in _ways(caller, id)} == {REFUSED}


def test_without_its_own_memento_nothing_counts_as_what_the_app_added(app, caller):
    id = make(caller)
    fill(caller, id, add_memory(caller))
    with app.app_context():
        db.session.execute(delete(SavedMemento))
        db.session.commit()
    assert said(caller.delete(f"mementos/{id}/")) == REFUSED
