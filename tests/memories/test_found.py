"""A memento out of a search: the memories found now, by id, and nothing that comes along later."""

import pytest

from app.database.access import expect_writes
from app.extensions import db
from app.memories.editing import NothingPicked, PickGone
from app.memories.filters import Filters
from app.memories.found import MOST_FOUND, find_for_memento, make_memento_of
from app.memories.mementos import MementoNameTaken


def titles(found) -> list[str]:
    return [one.title for one in found.memories]


def find(keeper, question: str, filters: Filters | None = None):
    return find_for_memento(db.session(), keeper.user_id, question, *([filters] if filters else []))


def test_a_search_finds_the_words_in_titles_and_texts_of_its_person_alone(ann, ben):
    ann.keep("Lisbon on foot")
    ann.keep("Soup")
    ben.keep("Lisbon by tram")
    assert titles(find(ann, "lisbon")) == ["Lisbon on foot"]
    assert titles(find(ann, "about soup")) == ["Soup"]


@pytest.mark.parametrize("question", ["", "  ", "?!", '""'])
def test_without_words_nothing_is_found(ann, question):
    ann.keep("Soup")
    assert find(ann, question).memories == []


def test_a_filter_alone_finds_what_it_lets_through(ann):
    ann.keep("Soup")
    only = ann.keep("Mail", "slack")
    found = find(ann, "", Filters(integration_id=only.integration_id))
    assert [one.id for one in found.memories] == [only.id]


def test_the_memento_holds_what_was_found_and_stays_so(ann, titles_in):
    memories = [ann.keep("Lisbon on foot"), ann.keep("Lisbon by tram")]
    ann.keep("Soup")
    found = find(ann, "lisbon")
    memento = make_memento_of(ann.user_id, "Lisbon", [one.id for one in found.memories])
    ann.keep("Lisbon, later")
    assert titles_in(memento.id) == {memory.title for memory in memories}


def test_sources_and_found_memories_go_together(ann, titles_in):
    soup, source = ann.keep("Soup"), ann.integrations["slack"]
    memento = make_memento_of(ann.user_id, "Both", [soup.id], [source.id])
    ann.keep("Mail, later", "slack")
    assert titles_in(memento.id) == {"Soup", "Mail, later"}


def test_no_more_than_the_most_are_found_and_it_is_said(ann):
    for number in range(MOST_FOUND):
        ann.keep(f"Lisbon {number}")
    found = find(ann, "lisbon")
    assert (len(found.memories), found.has_more) == (MOST_FOUND, False)
    ann.keep("Lisbon, one more")
    found = find(ann, "lisbon")
    assert (len(found.memories), found.has_more) == (MOST_FOUND, True)
    memento = make_memento_of(ann.user_id, "Lisbon", [one.id for one in found.memories])
    assert len(memento.contents) == MOST_FOUND


def test_what_is_not_there_or_is_somebody_elses_makes_no_memento(ann, ben):
    theirs = ben.keep("Lisbon by tram")
    for ids, error in (([], NothingPicked), (["mry_unknown"], PickGone), ([theirs.id], PickGone)):
        with pytest.raises(error):
            make_memento_of(ann.user_id, "Lisbon", ids)


def test_a_name_that_is_taken_is_refused(ann):
    soup = ann.keep("Soup")
    ann.memento("Lisbon", soup)
    with expect_writes(), pytest.raises(MementoNameTaken):
        make_memento_of(ann.user_id, "lisbon", [soup.id])
