"""Which memories a memento contains. Each look checks the condition, the count and the samples against one another."""

import pytest
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.memories.contents import memories_of_mementos
from app.memories.models import Memento, MementoContent, Memory


def test_an_integration_contains_all_its_memories_and_no_other_integrations(ann, titles_in):
    ann.keep("plan", "google_drive", "Work")
    ann.keep("loose", "google_drive")
    ann.keep("chat", "slack")
    assert titles_in(ann.memento("Drive", ann.integrations["google_drive"])) == {"plan", "loose"}


def test_a_folder_contains_its_subfolders(ann, titles_in):
    ann.keep("all trips", folder="Trips")
    ann.keep("lisbon", folder="Trips/Lisbon")
    ann.keep("cafés", folder="Trips/Lisbon/Food")
    ann.keep("loose")
    assert titles_in(ann.memento("Trips", ("google_drive", "Trips"))) == {"all trips", "lisbon", "cafés"}


@pytest.mark.parametrize(
    "folder", ["Trips2", "Trips 2", "Trips-old", "Trips.d/x", "Trip", "Work/Trips", "Tripsé", "Trips0"]
)
def test_a_folder_does_not_contain_a_folder_that_only_begins_alike(ann, titles_in, folder):
    ann.keep("lisbon", folder="Trips/Lisbon")
    ann.keep("other", folder=folder)
    assert titles_in(ann.memento("Trips", ("google_drive", "Trips"))) == {"lisbon"}


@pytest.mark.parametrize("folder", ["trips", "TRIPS", "trips/Lisbon", "Trips/lisbon"])
def test_folders_differ_by_case(ann, titles_in, folder):
    ann.keep("lisbon", folder="Trips/Lisbon")
    ann.keep("other", folder=folder)
    assert titles_in(ann.memento("Lisbon", ("google_drive", "Trips/Lisbon"))) == {"lisbon"}


@pytest.mark.parametrize(
    ("picked", "other"),
    [
        ("100%", "100 percent"),
        ("100%", "1000/x"),
        ("a_b", "axb/c"),
        ("%", "Work"),
        ("_", "x/y"),
        ("a\\", "a/b"),
        ("a'b", "ab"),
    ],
)
def test_wildcards_and_quotes_in_a_folder_are_plain_characters(ann, titles_in, picked, other):
    ann.keep("exact", folder=picked)
    ann.keep("below", folder=f"{picked}/below")
    ann.keep("other", folder=other)
    assert titles_in(ann.memento("Odd", ("google_drive", picked))) == {"exact", "below"}


@pytest.mark.parametrize("below", ["Été/à la mer", "Été/ ", "Été/~", "Été/\U0001f30a", "Été/\uffff", "Été//double"])
def test_a_subfolder_may_have_any_name(ann, titles_in, below):
    ann.keep("deep", folder=below)
    assert titles_in(ann.memento("Summer", ("google_drive", "Été"))) == {"deep"}


def test_the_same_folder_of_another_integration_is_not_contained(ann, titles_in):
    ann.keep("document", "google_drive", "Heron")
    ann.keep("chat", "slack", "Heron")
    assert titles_in(ann.memento("Heron", ("google_drive", "Heron"))) == {"document"}


def test_a_single_memory_is_contained_without_its_neighbours(ann, titles_in):
    chosen = ann.keep("chosen", folder="Work")
    ann.keep("neighbour", folder="Work")
    assert titles_in(ann.memento("One", chosen)) == {"chosen"}


def test_a_memory_in_several_picks_counts_once(ann, titles_in):
    soup = ann.keep("soup", folder="Recipes/Soups")
    ann.keep("cake", folder="Recipes")
    loose = ann.keep("loose")
    ann.keep("elsewhere", folder="Work")
    folders = [("google_drive", "Recipes"), ("google_drive", "Recipes/Soups"), ("google_drive", "Recipes")]
    assert titles_in(ann.memento("Recipes", *folders, soup, loose, loose)) == {"soup", "cake", "loose"}
    drive = ann.integrations["google_drive"]
    assert titles_in(ann.memento("Drive", drive, drive, *folders, soup)) == {"soup", "cake", "loose", "elsewhere"}


def test_what_is_added_later_to_a_picked_integration_or_folder_counts(ann, titles_in):
    whole = ann.memento("Drive", ann.integrations["google_drive"])
    folder = ann.memento("Recipes", ("google_drive", "Recipes"))
    assert titles_in(whole) == titles_in(folder) == set()
    ann.keep("soup", folder="Recipes/Soups")
    assert titles_in(whole) == titles_in(folder) == {"soup"}


def test_what_is_added_later_beside_a_single_memory_does_not_count(ann, titles_in):
    memento = ann.memento("One", ann.keep("chosen", folder="Work"))
    ann.keep("later", folder="Work")
    assert titles_in(memento) == {"chosen"}


def test_what_is_deleted_or_moved_away_no_longer_counts(ann, titles_in):
    soup, cake, _bread = (ann.keep(title, folder="Recipes") for title in ("soup", "cake", "bread"))
    memento = ann.memento("Recipes", ("google_drive", "Recipes"), soup)
    db.session.delete(soup)
    cake.folder = "Archive"
    db.session.flush()
    assert titles_in(memento) == {"bread"}


def test_a_memento_without_contents_contains_nothing(ann, titles_in):
    ann.keep("plan")
    assert titles_in(ann.memento("Empty")) == set()


@pytest.mark.parametrize("pick", ["integration", "folder", "memory"])
def test_a_memento_never_contains_another_persons_memories(ann, ben, titles_in, pick):
    theirs = ben.keep("secret", folder="Work")
    integration_id = ben.integrations["google_drive"].id
    content = {
        "integration": MementoContent(integration_id=integration_id),
        "folder": MementoContent(integration_id=integration_id, folder="Work"),
        "memory": MementoContent(memory_id=theirs.id),
    }[pick]
    # However such a row came to be.
    memento = Memento(user_id=ann.user_id, name="Stolen", contents=[content])
    db.session.add(memento)
    db.session.flush()
    assert titles_in(memento.id) == set()


def test_a_memento_never_contains_an_organizations_memories(ann, titles_in):
    ann.keep("plan", folder="Work")
    memento = ann.memento("Work", ("google_drive", "Work"), ann.integrations["google_drive"])
    organization_id = db.session.execute(db.text("SELECT id FROM organizations")).scalar()
    integration_id = ann.integrations["google_drive"].id
    db.session.add(
        Memory(organization_id=organization_id, integration_id=integration_id, folder="Work", title="minutes", text="x")
    )
    db.session.flush()
    assert titles_in(memento) == {"plan"}


def test_the_condition_takes_several_ids_and_combines_with_others(ann):
    soup, cake = ann.keep("soup", folder="Recipes"), ann.keep("cake", folder="Recipes/Baking")
    recipes = ann.memento("Recipes", ("google_drive", "Recipes"))
    baking = ann.memento("Baking", ("google_drive", "Recipes/Baking"))
    query = db.select(Memory.id).where(memories_of_mementos([recipes, baking]), ~memories_of_mementos([baking]))
    assert db.session.scalars(query).all() == [soup.id]
    assert cake.id != soup.id


def test_no_mementos_contain_no_memories(ann):
    ann.keep("plan")
    assert db.session.scalars(db.select(Memory.id).where(memories_of_mementos([]))).all() == []


@pytest.mark.parametrize("fields", [{}, {"folder": "Work"}, {"integration": True, "folder": ""}])
def test_a_pick_that_could_be_read_in_two_ways_cannot_be_stored(ann, fields):
    memento_id = ann.memento("Odd")
    if fields.pop("integration", False):
        fields["integration_id"] = ann.integrations["google_drive"].id
    db.session.add(MementoContent(memento_id=memento_id, **fields))
    with pytest.raises(IntegrityError):
        db.session.flush()
    db.session.rollback()
