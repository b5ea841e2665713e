"""Mementos that an app makes: their names, how many there may be, receipts, and who may make one."""

from sqlalchemy import delete, select

from app.consents.made import MadeMemento
from app.consents.receipts import AccessRecord
from app.consents.receipts.log import AccessLog
from app.extensions import db
from app.http.services import services
from app.memories.models import Memento, MementoContent
from app.operations.made import MOST_IN_ONE, MOST_MADE
from tests.api.made import add_memory, fill, make, said
from tests.tables import each

# -- names ---------------------------------------------------------------------------------------


@each("name", ["", " ", "x" * 101, "Everything", "none", "a\u0000b", "\u200b", 1, None])
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


@each(
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


@each(
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
