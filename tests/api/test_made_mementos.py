"""Mementos that an app makes: it fills and deletes only those of its own connection, with what it added itself."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from app import clock
from app.consents.made import MadeMemento
from app.consents.models import Consent
from app.consents.receipt_log import AccessLog
from app.consents.receipts import AccessRecord
from app.consents.saved import SavedMemento
from app.extensions import db
from app.http.services import services
from app.memories.models import Memento, MementoContent
from app.operations.made import MOST_IN_ONE, MOST_MADE
from tests.api.conftest import ALL_SCOPES, Caller

REFUSED = (403, "not_writable")


@pytest.fixture
def caller(connect) -> Caller:
    """An app that Alice has connected and let see nothing."""
    return connect(selection="none")


@pytest.fixture
def other(app, register, signed_in):
    """Have Alice allow another app something: the whole choice of its consent."""

    def other(**choice) -> Caller:
        choice = choice or {"selection": "none"}
        tokens = register(name="Other App").tokens(signed_in, scope=ALL_SCOPES, choose=choice)
        return Caller(app, tokens["access_token"], tokens["grant_id"])

    return other


def make(caller, name: str = "Work Documents") -> str:
    response = caller.post("mementos/", {"name": name})
    assert response.status_code == 201, response.text
    return response.json["id"]


def add_memory(caller, title: str = "Bread") -> str:
    response = caller.post("memories/", {"title": title, "text": "Flour."})
    assert response.status_code == 201, response.text
    return response.json["id"]


def fill(caller, memento: str, *memories: str, **change):
    return caller.post(f"mementos/memento_document/{memento}/", {"add": list(memories), **change})


def held(app, memento: str) -> set[str]:
    with app.app_context():
        of_it = select(MementoContent.memory_id).where(MementoContent.memento_id == memento)
        return set(db.session.scalars(of_it))


def said(response) -> tuple[int, str]:
    return response.status_code, response.json["code"]


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


# -- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "Everything", "none", "a\u0000b", "\u200b", 1, None])
def test_a_name_that_cannot_be_is_refused(caller, name):
    response = caller.post("mementos/", {"name": name})
    assert said(response) == (422, "validation_failed")
    assert response.json["errors"][0]["field"] == "name"


def test_an_app_makes_no_two_of_one_name(caller):
    make(caller)
    response = caller.post("mementos/", {"name": "work  documents"})
    assert [(error["field"], error["code"]) for error in response.json["errors"]] == [("name", "taken")]


def test_an_app_does_not_learn_which_names_the_person_has_given(app, caller, shelf):
    """The person sees that it is another one; the app is told the name that it gave."""
    shelf.memento("Therapy")
    id = make(caller, "Therapy")
    assert caller.get(f"mementos/{id}/").json["name"] == "Therapy"
    with app.app_context():
        assert db.session.get_one(Memento, id).name == "Therapy (2)"


def test_a_longest_name_that_the_person_has_too_stays_within_the_bound(app, caller, shelf):
    shelf.memento("x" * 100)
    id = make(caller, "x" * 100)
    with app.app_context():
        assert db.session.get_one(Memento, id).name == "x" * 96 + " (2)"


def test_an_app_makes_a_hundred_at_most(app, caller):
    for number in range(3):
        make(caller, f"M{number}")
    with app.app_context():
        alice = db.session.scalar(select(Memento.user_id).limit(1))
        for number in range(3, MOST_MADE):
            memento = Memento(user_id=alice, name=f"M{number}")
            db.session.add(memento)
            db.session.flush()
            db.session.add(MadeMemento(memento_id=memento.id, grant_id=caller.grant_id, name=memento.name))
        db.session.commit()
    response = caller.post("mementos/", {"name": "One more"})
    assert response.json["errors"][0]["code"] == "too_many"


def test_a_memento_that_an_app_makes_holds_a_thousand_memories(app, caller):
    id = make(caller)
    drafts = [{"title": str(number), "text": "x"} for number in range(100)]
    ids = [one["id"] for _ in range(10) for one in caller.post("memories/bulk/", {"memories": drafts}).json["data"]]
    assert fill(caller, id, *ids).json["memory_count"] == MOST_IN_ONE == 1000
    more = add_memory(caller)
    assert fill(caller, id, more).json["errors"][0]["code"] == "too_many"
    assert fill(caller, id, more, remove=ids[:1]).json["memory_count"] == 1000
    assert fill(caller, id, *ids).json["errors"][0]["code"] == "too_many"


# -- the rest ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field"),
    [({"memento": "mem_other"}, "memento"), ({"add": "x"}, "add"), ({"add": [1]}, "add"), ({"folder_add": ["f"]}, "folder_add"),
     ({"remove": ["a b"]}, "remove"), ({"x": 1}, "x")],
)  # fmt: skip
def test_a_change_that_cannot_be_taken_says_why(caller, change, field):
    response = caller.post(f"mementos/memento_document/{make(caller)}/", change)
    assert (response.status_code, response.json["errors"][0]["field"]) == (422, field)


def test_filling_twice_is_filling_once(app, caller):
    id, bread = make(caller), add_memory(caller)
    assert fill(caller, id, bread, bread).json == fill(caller, id, bread).json
    with app.app_context():
        of_it = select(MementoContent).where(MementoContent.memento_id == id)
        assert len(db.session.scalars(of_it).all()) == 1


def test_a_repeated_request_makes_one_memento(caller):
    headers = {"Idempotency-Key": "one"}
    first, second = (caller.post("mementos/", {"name": "Once"}, headers=headers) for _ in range(2))
    assert (first.status_code, first.json) == (second.status_code, second.json)
    assert len(caller.get("mementos/").json["made"]) == 1


def test_what_goes_in_and_out_has_a_receipt(app, caller):
    id, bread = make(caller), add_memory(caller)
    with app.app_context():
        services().notes.of(AccessLog).flush()
        db.session.execute(delete(AccessRecord))
        db.session.commit()
    fill(caller, id, bread), fill(caller, id, bread), caller.delete(f"mementos/memento_document/{id}/")
    with app.app_context():
        services().notes.of(AccessLog).flush()
        rows = db.session.execute(select(AccessRecord.action, AccessRecord.memento_key, AccessRecord.count))
        counts = {}
        for action, key, count in rows:
            counts[action, key] = counts.get((action, key), 0) + count
        assert counts == {("write", ""): 2, ("write", id): 2}


@pytest.mark.parametrize(
    "act",
    [
        lambda caller, id: caller.post("mementos/", {"name": "x"}),
        lambda caller, id: caller.delete(f"mementos/{id}/"),
        lambda caller, id: fill(caller, id),
        lambda caller, id: caller.delete(f"mementos/memento_document/{id}/"),
    ],
)
def test_writing_needs_the_scope_to_write(connect, act):
    id = make(connect(selection="none"))
    assert said(act(connect(scope="memories:read"), id)) == (403, "insufficient_scope")


def test_an_organization_has_none(organization):
    for response in (organization.post("mementos/", {"name": "x"}), organization.get("mementos/mem_1/"),
                     organization.delete("mementos/mem_1/"), fill(organization, "mem_1")):  # fmt: skip
        assert said(response) == (403, "not_a_person")
