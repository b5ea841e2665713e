"""Receipts say which memories, and what was asked; a write and its receipt stand or fall together."""

import pytest
from sqlalchemy import select, update

from app import clock
from app.accounts.models import User
from app.consents.receipts import AccessRecord, ReceiptDetail, ReceiptMemory, log, writing
from app.consents.receipts.log import AccessLog
from app.extensions import db
from app.http.services import services
from app.memories.models import Memory
from tests.tables import each

NEW = {"title": "Bread", "text": "Flour and water."}


@pytest.fixture(scope="session")
def app(each_app):
    return each_app


@pytest.fixture
def details(app):
    """What is written down: ``(kind, question) -> (calls, count, the memories named)``."""

    def details() -> dict:
        with app.app_context():
            services().notes.of(AccessLog).flush()
            found = {}
            for one in db.session.scalars(select(ReceiptDetail)):
                named = select(ReceiptMemory.memory_id).where(ReceiptMemory.detail_id == one.id)
                found[one.kind, one.question] = (one.calls, one.count, set(db.session.scalars(named)))
            return found

    yield details
    with app.app_context():
        services().notes.of(AccessLog).flush()


@pytest.fixture
def keep_for(app, alice):
    """Have Alice keep receipts for so many days."""

    def keep_for(days: int) -> None:
        with app.app_context():
            db.session.execute(update(User).where(User.id == alice.id).values(receipts_days=days))
            db.session.commit()

    return keep_for


@pytest.fixture
def three(shelf):
    drive = shelf.connect()
    return [shelf.keep(title, drive) for title in ("Lisbon", "Bread", "Chat")]


def test_a_read_names_the_memories_and_a_search_what_was_asked(three, connect, details):
    caller = connect()
    caller.titles(), caller.get(f"memories/{three[0]}/")
    caller.titles(q=" lisbon "), caller.titles(q="lisbon"), caller.titles(q="nothing of that")
    caller.get("documents/search/", q="bread")
    assert details() == {
        ("read", ""): (2, 4, set(three)),
        ("searched", "lisbon"): (2, 2, {three[0]}),
        ("searched", "nothing of that"): (1, 0, set()),
        ("searched", "bread"): (1, 1, {three[1]}),
    }


def test_what_is_written_a_moment_later_is_added(three, connect, details):
    caller = connect()
    caller.titles(q="lisbon")
    assert details()["searched", "lisbon"] == (1, 1, {three[0]})
    caller.titles(q="lisbon"), caller.get(f"memories/{three[2]}/")
    assert details()["searched", "lisbon"] == (2, 2, {three[0]})
    assert details()["read", ""] == (1, 1, {three[2]})


def test_what_was_named_for_something_else_is_named_again(three, connect, details, monkeypatch):
    at = clock.now()
    monkeypatch.setattr(clock, "now", lambda: at)
    caller = connect()
    caller.get(f"memories/{three[0]}/"), caller.titles(q="bread")
    assert details()["read", ""] == (1, 1, {three[0]})
    caller.get(f"memories/{three[1]}/")
    assert details()["read", ""] == (2, 2, set(three[:2]))


def test_no_more_are_named_than_a_hundred_and_all_are_counted(shelf, connect, details, monkeypatch):
    monkeypatch.setattr(writing, "MOST_NAMED", 2)
    drive = shelf.connect()
    ids = [shelf.keep(f"Note {number}", drive) for number in range(4)]
    caller = connect()
    caller.titles()
    assert details()["read", ""][:2] == (1, 4) and len(details()["read", ""][2]) == 2
    caller.get(f"memories/{ids[0]}/"), caller.get(f"memories/{ids[1]}/")
    calls, count, named = details()["read", ""]
    assert (calls, count, len(named)) == (3, 6, 2)


def test_of_more_questions_than_are_kept_only_the_number_is_known(three, connect, details, monkeypatch):
    monkeypatch.setattr(log, "_MOST_QUESTIONS", 2)
    caller = connect()
    for word in ("lisbon", "bread", "chat", "tea"):
        caller.titles(q=word)
    assert {key: one[:2] for key, one in details().items()} == {
        ("searched", "lisbon"): (1, 1),
        ("searched", "bread"): (1, 1),
        ("searched", ""): (2, 1),
    }


@each("asked", ["a\0b", "x" * 400, "a\ud800b"])
def test_a_question_of_any_characters_can_be_written_down(app, connect, details, asked):
    caller = connect(selection="none")
    with app.app_context():
        services().notes.of(AccessLog).note(caller.grant_id, [], [], asked * 2)
    ((kind, question),) = details()
    assert kind == "searched" and 0 < len(question) <= 500 and question.isprintable()


def test_a_write_has_its_receipt_at_once_by_what_was_done(app, connect, details):
    caller = connect(selection="none")
    id = caller.post("memories/", NEW).json["id"]
    added = caller.post("memories/bulk/", {"memories": [NEW, NEW]}).json["data"]
    caller.patch(f"memories/{id}/", {"title": "Rye"})
    with app.app_context():
        assert db.session.scalar(select(AccessRecord.count).where(AccessRecord.memento_key == "")) == 4
    caller.delete(f"memories/{id}/")
    assert details() == {
        ("added", ""): (2, 3, {id, *(one["id"] for one in added)}),
        ("changed", ""): (1, 1, {id}),
        ("deleted", ""): (1, 1, {id}),
    }


def test_a_write_whose_receipt_cannot_be_written_is_not_done(app, connect, monkeypatch):
    caller = connect(selection="none")
    monkeypatch.setattr("app.operations.caller.write_receipts", lambda *_: 1 / 0)
    assert caller.post("memories/", NEW).status_code == 500
    with app.app_context():
        assert db.session.scalars(select(Memory)).all() == []


def test_a_write_that_is_refused_leaves_no_receipt(connect, details):
    caller = connect(selection="none")
    wrong = {**NEW, "integration_id": "int_0"}
    assert caller.post("memories/bulk/", {"memories": [NEW, wrong]}).status_code == 422
    assert details() == {}


def test_a_repeated_request_has_one_receipt(connect, details):
    caller = connect()
    for _ in range(2):
        caller.post("memories/", NEW, headers={"Idempotency-Key": "a"})
    assert details()["added", ""][:2] == (1, 1)


def test_an_integration_that_is_deleted_is_a_receipt_of_its_memories(app, shelf, three, connect, choose, details):
    caller = connect()
    (source,) = caller.get("integrations/").json["data"]
    choose(caller, writable=[whole := shelf.memento("Drive", source["id"])])
    assert caller.delete(f"integrations/{source['id']}/").status_code == 204
    assert details()["deleted", ""] == (1, 3, set(three))
    with app.app_context():
        counts = db.session.execute(select(AccessRecord.memento_key, AccessRecord.count)).all()
        assert set(counts) == {("", 3), (whole, 3)}


def test_who_keeps_no_receipts_has_none_written(app, three, connect, details, keep_for):
    caller = connect()
    keep_for(0)
    caller.titles(q="lisbon")
    assert caller.post("memories/", NEW).status_code == 201
    assert details() == {}
    with app.app_context():
        assert db.session.scalars(select(AccessRecord)).all() == []
    keep_for(30)
    caller.titles(q="bread")
    assert list(details()) == [("searched", "bread")]


def test_a_memento_holds_what_the_one_rule_says(app, shelf):
    """``holding`` says for a few memories what ``contents`` says for all."""
    drive = shelf.connect()
    ids = [shelf.keep(folder or "top", drive, folder=folder) for folder in ("", "Trips", "Trips/Lisbon", "Trips2")]
    other = shelf.keep("Chat", shelf.connect("slack"))
    mementos = {
        shelf.memento("Whole", drive): set(ids),
        shelf.memento("Folder", (drive, "Trips"), ids[2]): {ids[1], ids[2]},
        shelf.memento("Single", ids[3], other): {ids[3], other},
    }
    with app.app_context():
        rows = db.session.execute(writing.list_holding(list(mementos), [*ids, other])).all()
    assert len(rows) == len(set(rows))
    found = {memento: {memory for each, memory in rows if each == memento} for memento in mementos}
    assert found == mementos
