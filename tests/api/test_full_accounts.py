"""An account keeps so many memories and so much text: what would be more is refused, and what goes makes room."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from app.extensions import db
from app.memories.models import Integration, Memory, MemoryTotal
from app.memories.records import add_memories
from app.memories.totals import AccountFull
from app.purge.batches import Pace
from app.purge.full_accounts import count_full_accounts_anew
from tests.api.made import add_memory, said
from tests.purging import purge
from tests.statements import noted_statements
from tests.totals import bound, demand_counted

__all__ = ["bound"]

_FULL = (422, "account_full")


def test_what_is_kept_is_counted_along_every_way(app, shelf, connect):
    """Also what was there before somebody added anything, and what goes with its source."""
    drive = shelf.connect()
    old = shelf.keep("Old", drive, text="Smörgås 🥪")
    caller = connect(selection="all")
    note = add_memory(caller)
    assert demand_counted(app) == (2, 14 + 6)
    added = caller.post("memories/bulk/", {"memories": [{"title": "One", "text": "1"}, {"title": "Two", "text": "éé"}]})
    assert added.status_code == 201 and demand_counted(app) == (4, 25)
    assert caller.patch(f"memories/{note}/", {"text": "Rye flour, and water."}).status_code == 200
    assert demand_counted(app) == (4, 40)
    assert caller.patch(f"memories/{note}/", {"text": "x", "title": "Rye"}).status_code == 200
    assert caller.patch(f"memories/{note}/", {"tags": ["a"]}).status_code == 200
    assert demand_counted(app) == (4, 20)
    assert caller.delete(f"memories/{note}/").status_code == 204 and demand_counted(app) == (3, 19)
    source = caller.post("integrations/", {"kind": "books", "name": "Books"}).json["id"]
    caller.post("memories/", {"title": "In it", "text": "12345", "integration_id": source})
    assert demand_counted(app) == (4, 24)
    assert caller.delete(f"integrations/{source}/").status_code == 204 and demand_counted(app) == (3, 19)
    with app.app_context():
        assert db.session.get(Memory, old) is not None


def test_a_full_account_takes_no_more_and_keeps_what_it_has(app, caller, bound):
    bound(memories=2)
    first = add_memory(caller)
    many = [{"title": "One", "text": "1"}, {"title": "Two", "text": "2"}]
    assert said(caller.post("memories/bulk/", {"memories": many})) == _FULL, "All or none."
    add_memory(caller)
    refused = caller.post("memories/", {"title": "Three", "text": "3"}, headers={"Idempotency-Key": "3"})
    assert said(refused) == _FULL
    assert refused.json["message"] == "No more than 2 memories are kept for one account. Delete some first."
    assert said(caller.post("documents/memorize/", {"name": "Three", "content": "3"})) == _FULL
    assert caller.patch(f"memories/{first}/", {"text": "Longer than it was."}).status_code == 200
    assert demand_counted(app)[0] == 2
    assert caller.delete(f"memories/{first}/").status_code == 204
    again = caller.post("memories/", {"title": "Three", "text": "3"}, headers={"Idempotency-Key": "3"})
    assert again.status_code == 201, "What was refused frees its key."


def test_its_text_has_a_bound_too_in_bytes(app, caller, bound):
    bound(megabytes=1)
    ids = [caller.post("memories/", {"title": "Long", "text": "é" * 100_000}).json["id"] for _ in range(5)]
    refused = caller.post("memories/", {"title": "One more", "text": "1"})
    assert said(refused) == _FULL and "1 MB of text" in refused.json["message"]
    assert said(caller.patch(f"memories/{ids[0]}/", {"text": "🥪" * 100_000})) == _FULL
    assert caller.patch(f"memories/{ids[0]}/", {"text": "Short."}).status_code == 200
    assert caller.post("memories/", {"title": "One more", "text": "1"}).status_code == 201
    assert demand_counted(app) == (6, 4 * 200_000 + 7)


def test_who_kept_more_before_there_was_a_bound_keeps_it(app, shelf, connect, bound):
    drive = shelf.connect()
    memories = [shelf.keep(f"M{number}", drive) for number in range(4)]
    caller = connect(selection="all")
    bound(memories=2)
    assert said(caller.post("memories/", {"title": "One more", "text": "1"})) == _FULL
    assert caller.delete(f"memories/{memories[0]}/").status_code in {204, 403}
    assert caller.get("memories/").json["data"]


@pytest.mark.parametrize("most", [0, 10])
def test_without_a_bound_nothing_is_full(caller, bound, most):
    bound(memories=most)
    for _ in range(3):
        add_memory(caller)


def test_an_organization_has_the_same_bound(app, organization, bound):
    bound(memories=1)
    id = add_memory(organization)
    assert said(organization.post("memories/", {"title": "Two", "text": "2"})) == _FULL
    assert organization.delete(f"memories/{id}/").status_code == 204
    add_memory(organization)
    assert demand_counted(app)[0] == 1


def test_several_at_once_do_not_get_past_it(app, organization, bound):
    """Not by an organization's several apps either, which nothing else lets come one after the other."""
    bound(memories=3)
    add_memory(organization)
    with app.app_context():
        source = db.session.scalars(select(Integration.id)).one()

    def add(number: int) -> bool:
        with app.app_context():
            integration = db.session.get_one(Integration, source)
            try:
                add_memories(db.session(), [(integration, {"title": f"M{number}", "text": "x"})])
            except AccountFull:
                db.session.rollback()
                return False
            db.session.commit()
            return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(add, range(6))) == 2
    assert demand_counted(app)[0] == 3


def test_the_count_goes_with_the_account(app, caller, alice):
    add_memory(caller)
    with app.app_context():
        db.session.execute(db.text("DELETE FROM users WHERE id = :id"), {"id": alice.id})
        db.session.commit()
        assert db.session.scalar(select(func.count()).select_from(MemoryTotal)) == 0


def test_how_much_goes_with_a_source_is_added_up_by_the_database(app, caller):
    """Of a million memories that were told one by one, a worker would have two hundred megabytes."""
    source = caller.post("integrations/", {"kind": "books", "name": "Books"}).json["id"]
    for number in range(3):
        caller.post("memories/", {"title": f"M{number}", "text": "é", "integration_id": source})
    with noted_statements(app) as noted:
        assert caller.delete(f"integrations/{source}/").status_code == 204
    deleted = [one for one, _ in noted if "DELETE FROM memories" in one]
    assert len(deleted) == 1 and ("RETURNING" not in deleted[0] or "sum(gone.size)" in deleted[0])
    assert demand_counted(app) == (0, 0)


def test_an_account_has_so_many_sources_and_mementos(app, caller, shelf, monkeypatch):
    monkeypatch.setattr("app.memories.totals.MOST_SOURCES", 3)
    shelf.connect()
    assert caller.post("integrations/", {"kind": "books", "name": "Books"}).status_code == 201, "And the app's own."
    assert said(caller.post("integrations/", {"kind": "books", "name": "More"})) == _FULL
    monkeypatch.setattr("app.memories.mementos.MOST_OF_PERSON", 2)
    assert caller.post("mementos/", {"name": "One"}).status_code == 201
    assert said(caller.post("mementos/", {"name": "Two"})) == _FULL


def test_an_app_that_cannot_have_a_memento_of_its_own_is_told_so(caller, monkeypatch):
    monkeypatch.setattr("app.memories.mementos.MOST_OF_PERSON", 0)
    assert said(caller.post("memories/", {"title": "One", "text": "1"})) == _FULL


def test_without_its_row_all_is_counted_anew(app, caller):
    """As the RUNBOOK says, for who has changed memories by SQL of their own."""
    add_memory(caller)
    with app.app_context():
        db.session.execute(db.text("DELETE FROM memories"))
        db.session.execute(db.text("DELETE FROM memory_totals"))
        db.session.commit()
    add_memory(caller)
    assert demand_counted(app) == (1, 6)


@pytest.mark.parametrize("most", [{"memories": 3}, {"megabytes": 1}])
def test_who_is_full_by_what_nobody_said_had_gone_is_counted_anew(app, caller, bound, most):
    """As by an earlier version, to which somebody went back for a while."""
    bound()
    for _ in range(3):
        caller.post("memories/", {"title": "Long", "text": "🥪" * 80_000})
    bound(**most)
    long = {"title": "Long", "text": "🥪" * 80_000}
    assert said(caller.post("memories/", long)) == _FULL
    _do(app, "DELETE FROM memories WHERE id = (SELECT max(id) FROM memories)")
    purge(app)
    assert demand_counted(app) == (2, 640_000)
    assert caller.post("memories/", {"title": "Short", "text": "x"}).status_code == 201


def test_what_would_be_less_than_nothing_is_counted_anew_and_nothing_else_is(app, caller, bound):
    bound(memories=100)
    add_memory(caller)
    with app.app_context():
        engine = db.engine
    _do(app, "UPDATE memory_totals SET memory_count = 50")
    assert count_full_accounts_anew(engine, Pace(lambda _seconds: True))
    with pytest.raises(AssertionError):
        demand_counted(app)
    _do(app, "UPDATE memory_totals SET memory_count = -1")
    assert count_full_accounts_anew(engine, Pace(lambda _seconds: True))
    with pytest.raises(AssertionError):
        demand_counted(app)
    _do(app, "DELETE FROM leases WHERE name = 'full_accounts'")
    assert count_full_accounts_anew(engine, Pace(lambda _seconds: True))
    assert demand_counted(app) == (1, 6)


def _do(app, statement: str) -> None:
    with app.app_context():
        db.session.execute(db.text(statement))
        db.session.commit()
