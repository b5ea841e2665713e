"""The one shape of a choice: read from a form, from a waiting request and from a consent, and equal when it is the same."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import insert, select
from werkzeug.datastructures import MultiDict

from app.consents.choice import Choice, find_choice, read_choice, read_ticks, select_choice
from app.consents.maker import read_wanted
from app.consents.models import Consent, ConsentMemento
from app.consents.saved import SavedMemento
from app.extensions import db
from app.memories.models import Integration, Memento
from tests.actors import Person
from tests.integrator import Integrator


@pytest.fixture
def context(app: Flask, alice: Person, carol: Person, notebook: Integrator) -> Iterator[None]:
    with app.app_context():
        yield
        db.session.rollback()


def keep(person: Person, name: str) -> str:
    db.session.add(memento := Memento(user_id=person.id, name=name))
    db.session.flush()
    return memento.id


def read(person: Person, client: Integrator, *, may_write: bool = True, **sent) -> Choice:
    form = MultiDict(sent)
    return read_choice(
        db.session(), form, user_id=person.id, client_key=client.client_id, installation="", may_write=may_write
    )


def test_a_form_is_read_as_what_was_ticked(context, alice, carol, notebook):
    recipes, diary, hers = keep(alice, "Recipes"), keep(alice, "Diary"), keep(carol, "Hers")
    sent = {"memento_ids": [diary, recipes, hers, recipes, "mem_none"], "writable_ids": [recipes, hers]}
    assert read(alice, notebook, selection="selected", **sent) == Choice("selected", {diary: False, recipes: True})
    assert read(alice, notebook, **sent) == Choice("selected", {diary: False, recipes: True})
    assert read(alice, notebook, may_write=False, **sent) == Choice("selected", {diary: False, recipes: False})
    assert read(alice, notebook, selection="nonsense") == Choice(None)
    assert read(alice, notebook, selection="all") == Choice("all")


def test_all_that_is_ticked_counts_however_much_it_is(context, alice, notebook):
    """What is left out in silence would be taken for what was not ticked. A person has up to 2,000 mementos and sources."""
    many = [f"mem_{number:024}" for number in range(1100)]
    db.session.execute(insert(Memento), [{"id": id, "user_id": alice.id, "name": id} for id in many])
    assert read(alice, notebook, memento_ids=many, writable_ids=many).writable_ids == tuple(many)
    assert read_ticks(MultiDict({"memento_ids": many})).memento_ids == tuple(many)
    assert len(read_wanted(MultiDict({"new_integration_ids": many})).integration_ids) == len(many)


def test_the_apps_own_memento_is_nothing_to_choose(context, alice, notebook):
    own, recipes = keep(alice, "Saved by Acme Notebook"), keep(alice, "Recipes")
    db.session.add(source := Integration(user_id=alice.id, kind="memory", name="Saved"))
    db.session.flush()
    row = {"user_id": alice.id, "client_key": notebook.client_id}
    db.session.add(SavedMemento(**row, memento_id=own, integration_id=source.id))
    db.session.flush()
    assert read(alice, notebook, memento_ids=[own, recipes]) == Choice("selected", {recipes: False})
    assert read(alice, notebook, memento_ids=[own]) == Choice(None)


@pytest.mark.database
@pytest.mark.parametrize("selection", ["all", "selected", "none"])
def test_one_column_reads_as_the_choice(context, alice, notebook, selection):
    recipes, diary = keep(alice, "Recipes"), keep(alice, "Diary")
    row = {"user_id": alice.id, "client_key": notebook.client_id, "scope": ""}
    db.session.add(consent := Consent(**row, selection=selection))
    db.session.flush()
    column = select(select_choice()).where(Consent.grant_id == consent.grant_id)
    assert db.session.scalar(column) == Choice(selection)
    for id, can_write in ((recipes, True), (diary, False)):
        db.session.add(ConsentMemento(grant_id=consent.grant_id, memento_id=id, can_write=can_write))
    db.session.flush()
    chosen = {recipes: True, diary: False} if selection == "selected" else {}
    assert db.session.scalar(column) == find_choice(db.session(), consent) == Choice(selection, chosen)


def test_equal_choices_have_one_fingerprint_whatever_their_order():
    one, other = Choice("selected", {"a": True, "b": False}), Choice("selected", {"b": False, "a": True})
    assert one == other and one.fingerprint == other.fingerprint
    others = [
        Choice("selected", {"a": False, "b": False}),
        Choice("selected", {"a": True}),
        Choice("all", {"a": True, "b": False}),
        Choice(None),
        Choice("none"),
    ]
    assert len({one.fingerprint, *(choice.fingerprint for choice in others)}) == 1 + len(others)


def test_a_fingerprint_is_the_one_that_open_pages_carry():
    """A page that was shown by the version before this one can still be answered."""
    choice = Choice("selected", {"mem_2": False, "mem_1": True})
    assert choice.fingerprint == "5e5a083d0f9fb7b5ac08c46dfadb227dd24c00a7f4c5c27715bcd1943163c65a"


def test_a_made_memento_is_ticked_beside_what_was():
    assert Choice(None).including("a") == Choice("selected", {"a": False})
    assert Choice("all", {"b": True}).including("a") == Choice("all", {"b": True, "a": False})
    assert Choice("selected", {"a": True, "b": True}).without("a") == Choice("selected", {"b": True})
    assert Choice("selected", {"b": True}).without(None) == Choice("selected", {"b": True})
