"""Changing a memento: its name, its picks, a copy, its end; and the count of what is not saved yet."""

import pytest
from sqlalchemy import func, select

from app.credentials import new_id
from app.extensions import db
from app.memories.contents import memories_of_mementos
from app.memories.editing import (
    MOST_CHANGES,
    Draft,
    NothingPicked,
    PickGone,
    TooManyChanges,
    count_draft,
    count_inside,
    delete_memento,
    duplicate_memento,
    find_saved,
    save_draft,
)
from app.memories.mementos import MementoNameInvalid, MementoNameTaken, find_memento, list_mementos
from app.memories.models import Memento, MementoContent, Memory
from app.memories.picks import Pick
from tests.statements import noted_statements


def draft_of(memento_id=None, *, add=(), remove=()) -> Draft:
    return Draft(memento_id, dict.fromkeys(add), dict.fromkeys(remove))


def total(sources) -> int:
    return sum(source.count for source in sources)


@pytest.fixture
def drive(ann) -> str:
    """The id of Ann's Google Drive, which holds a memory in no folder, two in Trips and one below that."""
    ann.keep("loose")
    ann.keep("packing", folder="Trips")
    ann.keep("budget", folder="Trips")
    ann.keep("tiles", folder="Trips/Lisbon")
    ann.keep("elsewhere", "slack", "Trips")
    return ann.integrations["google_drive"].id


def test_a_new_memento_holds_what_was_picked(ann, drive, titles_in):
    memory = ann.keep("soup", "slack")
    draft = draft_of(add=[Pick(drive, "Trips/Lisbon"), Pick(memory_id=memory.id)])
    memento = save_draft(ann.user_id, None, " My  trip ", draft)
    assert memento.name == "My trip"
    assert titles_in(memento.id) == {"tiles", "soup"}


def test_a_draft_is_counted_as_it_would_be_saved(ann, drive):
    single = ann.keep("soup", "slack")
    id = ann.memento("Trip", ("google_drive", "Trips"), single)
    cases = [
        draft_of(id),
        draft_of(id, add=[Pick(drive)]),
        draft_of(id, remove=[Pick(drive, "Trips")]),
        draft_of(id, remove=[Pick(drive, "Trips")], add=[Pick(drive, "Trips/Lisbon")]),
        draft_of(id, add=[Pick(drive, "Trips/Lisbon"), Pick(drive, "Trips"), Pick(memory_id=single.id)]),
        draft_of(id, add=[Pick(drive)], remove=[Pick(memory_id=single.id)]),
    ]
    for draft in cases:
        expected = total(count_draft(ann.user_id, draft))
        with db.session.begin_nested() as trial:
            save_draft(ann.user_id, db.session.get_one(Memento, id), "Trip", draft)
            (summary,) = list_mementos(ann.user_id)
            assert summary.count == expected, draft
            trial.rollback()
        db.session.expire_all()


def test_a_draft_of_a_new_memento_counts_too(ann, drive):
    assert count_draft(ann.user_id, Draft()) == []
    assert total(count_draft(ann.user_id, draft_of(add=[Pick(drive)]))) == 4
    assert total(count_draft(ann.user_id, draft_of(add=[Pick(drive), Pick(drive, "Trips")]))) == 4
    assert total(count_draft(ann.user_id, draft_of(add=[Pick(drive, "Trip")]))) == 0


def test_counting_writes_nothing(app, ann, drive):
    with noted_statements(app) as statements:
        count_draft(ann.user_id, draft_of(add=[Pick(drive, "Trips")]))
    assert {statement.split()[0].upper() for statement, _ in statements} <= {"SELECT", "WITH"}


def test_another_persons_things_count_nothing_and_cannot_be_picked(ann, ben):
    theirs = ben.keep("secret")
    source = ben.integrations["google_drive"].id
    for pick in (Pick(source), Pick(source, "x"), Pick(memory_id=theirs.id), Pick("int_unknown")):
        assert count_draft(ann.user_id, draft_of(add=[pick])) == []
        with pytest.raises(PickGone, match="not there any more"):
            save_draft(ann.user_id, None, "Stolen", draft_of(add=[pick]))


def test_another_persons_memento_gives_nothing_to_count_or_find(ann, ben):
    ben.keep("secret")
    theirs = ben.memento("Private", ben.integrations["google_drive"])
    assert count_draft(ann.user_id, Draft(theirs)) == []
    assert find_memento(ann.user_id, theirs) is None
    assert find_memento(ben.user_id, theirs).name == "Private"


def test_a_memento_of_nothing_is_refused(ann, drive):
    with pytest.raises(NothingPicked, match="at least one"):
        save_draft(ann.user_id, None, "Empty", Draft())
    id = ann.memento("Trip", ("google_drive", "Trips"))
    with pytest.raises(NothingPicked):
        save_draft(ann.user_id, find_memento(ann.user_id, id), "Trip", draft_of(id, remove=[Pick(drive, "Trips")]))
    db.session.expire_all()
    assert find_saved(id, [Pick(drive, "Trips")]) == {Pick(drive, "Trips")}


def test_what_is_picked_already_is_not_picked_twice(ann, drive):
    id = ann.memento("Trip", ("google_drive", "Trips"))
    draft = draft_of(id, add=[Pick(drive, "Trips"), Pick(drive)])
    save_draft(ann.user_id, find_memento(ann.user_id, id), "Trip", draft)
    assert db.session.query(MementoContent).filter_by(memento_id=id).count() == 2


def test_too_many_changes_at_once_are_refused(ann):
    picks = [Pick(memory_id=f"mry_{number}") for number in range(MOST_CHANGES + 1)]
    with pytest.raises(TooManyChanges, match="500"):
        save_draft(ann.user_id, None, "Many", draft_of(add=picks))


def test_a_memento_that_was_deleted_meanwhile_is_told_so(ann, drive):
    memento = find_memento(ann.user_id, ann.memento("Trip", ("google_drive", "Trips")))
    db.session.execute(db.delete(Memento))
    with pytest.raises(PickGone, match="deleted meanwhile"):
        save_draft(ann.user_id, memento, "Trip", draft_of(memento.id, add=[Pick(drive)]))


def test_what_a_tick_means_depends_on_what_is_saved():
    draft, pick = Draft("mem_1"), Pick("int_1")
    draft.set(pick, ticked=True, saved=False)
    assert (list(draft.added), list(draft.removed)) == ([pick], [])
    draft.set(pick, ticked=False, saved=False)
    assert not draft
    draft.set(pick, ticked=False, saved=True)
    assert (list(draft.added), list(draft.removed)) == ([], [pick])
    draft.set(pick, ticked=True, saved=True)
    assert not draft


def test_inside_of_a_source_and_a_folder_is_counted_what_is_picked_there(ann, drive):
    tiles = ann.keep("more tiles", folder="Trips/Lisbon")
    loose = ann.keep("a loose one")
    id = ann.memento("Trip", ("google_drive", "Trips/Lisbon"), tiles, loose)
    inside = count_inside(Draft(id))
    assert (inside[Pick(drive)], inside[Pick(drive, "Trips")], inside[Pick(drive, "Trips/Lisbon")]) == (3, 2, 1)
    inside = count_inside(draft_of(id, add=[Pick(drive, "Trips")], remove=[Pick(memory_id=tiles.id)]))
    assert (inside[Pick(drive)], inside[Pick(drive, "Trips")], inside[Pick(drive, "Trips/Lisbon")]) == (3, 1, 0)


def rename_memento(memento, name):
    """Save it with another name and nothing changed in it."""
    save_draft(memento.user_id, memento, name, Draft(memento.id))


# -- names ---------------------------------------------------------------------------------------


def test_a_memento_is_renamed_and_keeps_its_picks(ann, drive, titles_in):
    memento = find_memento(ann.user_id, ann.memento("Trip", ("google_drive", "Trips/Lisbon")))
    rename_memento(memento, "Journey")
    assert memento.name == "Journey"
    assert titles_in(memento.id) == {"tiles"}


@pytest.mark.parametrize("name", ["trip", " TRIP ", "Trip"])
def test_a_memento_may_keep_its_own_name_or_change_its_case(ann, drive, name):
    memento = find_memento(ann.user_id, ann.memento("Trip", ("google_drive", "Trips")))
    rename_memento(memento, name)
    assert memento.name == name.strip()


def test_another_mementos_name_is_taken(ann, drive):
    ann.memento("Recipes")
    memento = find_memento(ann.user_id, ann.memento("Trip", ("google_drive", "Trips")))
    with pytest.raises(MementoNameTaken):
        rename_memento(memento, "recipes")
    with pytest.raises(MementoNameInvalid):
        rename_memento(memento, "a\x00b")
    with pytest.raises(MementoNameTaken, match="built-in"):
        rename_memento(memento, "Everything")


def test_a_memento_without_any_pick_left_can_still_be_renamed(ann):
    memento = find_memento(ann.user_id, ann.memento("Hollow"))
    rename_memento(memento, "Empty one")
    assert memento.name == "Empty one"


# -- copies --------------------------------------------------------------------------------------


def test_a_copy_has_the_same_picks_and_another_name(ann, drive, titles_in):
    soup = ann.keep("soup", "slack")
    memento = find_memento(ann.user_id, ann.memento("Trip", ("google_drive", "Trips"), soup))
    copy = duplicate_memento(memento, new_id("mem"))
    assert (copy.name, copy.user_id) == ("Trip (copy)", ann.user_id)
    assert titles_in(copy.id) == titles_in(memento.id)
    assert [duplicate_memento(memento, new_id("mem")).name for _ in range(2)] == ["Trip (copy 2)", "Trip (copy 3)"]
    assert duplicate_memento(memento, copy.id) is copy


def test_a_copy_of_a_long_name_is_not_longer(ann):
    memento = find_memento(ann.user_id, ann.memento("x" * 100))
    assert duplicate_memento(memento, new_id("mem")).name == "x" * 93 + " (copy)"


def test_a_copy_and_its_original_change_apart(ann, drive, titles_in):
    memento = find_memento(ann.user_id, ann.memento("Trip", ("google_drive", "Trips/Lisbon")))
    copy = duplicate_memento(memento, new_id("mem"))
    save_draft(ann.user_id, copy, copy.name, draft_of(copy.id, add=[Pick(drive)]))
    assert titles_in(memento.id) == {"tiles"}


# -- the end -------------------------------------------------------------------------------------


def test_deleting_a_memento_leaves_its_memories_and_no_pick(ann, drive):
    memento = find_memento(ann.user_id, ann.memento("Trip", ("google_drive", "Trips")))
    before = db.session.scalar(select(func.count()).select_from(Memory))
    delete_memento(db.session(), memento)
    assert list_mementos(ann.user_id) == []
    assert db.session.query(MementoContent).count() == 0
    assert db.session.scalar(select(func.count()).select_from(Memory)) == before
    assert db.session.scalar(select(func.count()).where(memories_of_mementos([memento.id]))) == 0
