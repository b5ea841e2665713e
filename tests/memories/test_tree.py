"""A person's memories as a tree, a page of one level at a time."""

import pytest

from app.extensions import db
from app.memories.models import Memory
from app.memories.tree import PAGE_SIZE, list_level, list_memories, search_tree


@pytest.fixture
def drive(ann) -> str:
    for title, folder in [
        ("loose", ""),
        ("packing", "Trips"),
        ("tiles", "Trips/Lisbon"),
        ("trams", "Trips/Lisbon"),
        ("canals", "Trips/Bruges/Day one"),
        ("another", "Trips2"),
        ("lower", "trips"),
    ]:
        ann.keep(title, folder=folder)
    return ann.integrations["google_drive"].id


def names(page) -> list[tuple[str, int]]:
    return [(folder.name, folder.count) for folder in page.folders]


def titles(page) -> list[str]:
    return [memory.title for memory in page.memories]


def test_a_source_opens_to_its_folders_and_the_memories_in_none(ann, drive):
    page = list_level(ann.user_id, drive)
    assert sorted(names(page)) == [("Trips", 4), ("Trips2", 1), ("trips", 1)]
    assert titles(page) == ["loose"]
    assert page.total == 4


def test_a_folder_opens_to_what_lies_directly_in_it(ann, drive):
    page = list_level(ann.user_id, drive, "Trips")
    assert names(page) == [("Bruges", 1), ("Lisbon", 2)]
    assert [folder.path for folder in page.folders] == ["Trips/Bruges", "Trips/Lisbon"]
    assert titles(page) == ["packing"]
    assert titles(list_level(ann.user_id, drive, "Trips/Lisbon")) == ["trams", "tiles"]


def test_a_folder_that_does_not_exist_is_empty(ann, drive):
    for folder in ("Nowhere", "Trips/", "%", "x" * 500):
        page = list_level(ann.user_id, drive, folder)
        assert (page.folders, page.memories, page.total) == ([], [], 0)


@pytest.mark.parametrize("folder", ["/home/ann", "a//b", "a/", "/", "//", "100%_", "Été/à la mer"])
def test_every_folder_can_be_opened_down_to_its_memory_whatever_its_name(ann, folder):
    ann.keep("found", folder=folder)
    integration_id, at = ann.integrations["google_drive"].id, ""
    for _ in range(5):
        page = list_level(ann.user_id, integration_id, at)
        if titles(page) == ["found"]:
            return
        assert [one.count for one in page.folders] == [1]
        at = page.folders[0].path
    raise AssertionError(at)


def test_nobody_opens_another_persons_source(ann, ben):
    ben.keep("secret", folder="Hidden")
    page = list_level(ann.user_id, ben.integrations["google_drive"].id)
    assert (page.folders, page.memories, page.total) == ([], [], 0)
    assert search_tree(ann.user_id, "secret").total == search_tree(ann.user_id, "hidden").total == 0


def test_pages_of_a_level_show_each_folder_and_memory_once(ann):
    for number in range(PAGE_SIZE + 7):
        ann.keep(f"in {number}", folder=f"Folder {number:03}")
        ann.keep(f"loose {number}")
    integration_id = ann.integrations["google_drive"].id
    pages, number = [], 1
    while True:
        pages.append(list_level(ann.user_id, integration_id, page=number))
        assert len(pages[-1].folders) + len(pages[-1].memories) <= PAGE_SIZE
        if not pages[-1].has_next:
            break
        number += 1
    folders = [folder.path for page in pages for folder in page.folders]
    memories = [memory.title for page in pages for memory in page.memories]
    assert len(folders) == len(set(folders)) == PAGE_SIZE + 7
    assert len(memories) == len(set(memories)) == PAGE_SIZE + 7
    assert pages[0].total == 2 * (PAGE_SIZE + 7)
    assert list_level(ann.user_id, integration_id, page=9999).memories == []


def test_a_search_finds_folders_by_name_and_memories_by_title(ann, drive):
    ann.keep("Lisbon in spring", "slack")
    page = search_tree(ann.user_id, "lisbon")
    assert [(folder.name, folder.parent, folder.count) for folder in page.folders] == [("Lisbon", "Trips", 2)]
    assert titles(page) == ["Lisbon in spring"]
    assert page.total == 2


def test_a_folder_that_only_holds_folders_is_found_too(ann, drive):
    assert names(search_tree(ann.user_id, "bruges")) == [("Bruges", 1)]


def test_all_words_must_be_there_in_any_order(ann):
    ann.keep("Spring in Lisbon")
    ann.keep("Lisbon in autumn")
    assert titles(search_tree(ann.user_id, " lisbon   spring ")) == ["Spring in Lisbon"]
    assert search_tree(ann.user_id, " ").total == 0


@pytest.mark.parametrize("words", ["%", "_", "\\", "'", '"', "a\x00b", "x" * 10_000, "z " * 1000])
def test_a_search_takes_every_character_for_itself(ann, words):
    ann.keep("plain")
    assert search_tree(ann.user_id, words).total == 0


def test_what_is_in_a_memento_comes_newest_first_and_begins_to_tell(ann, drive):
    id = ann.memento("Trip", ("google_drive", "Trips"))
    memories = list_memories(ann.user_id, id, page=1, size=15)
    assert [memory.title for memory in memories] == ["canals", "trams", "tiles", "packing"]
    assert memories[0].excerpt == "About canals."
    assert memories[0].integration_name == "my google_drive"
    assert list_memories(ann.user_id, id, page=2, size=15) == []


def test_the_beginning_of_a_long_text_is_short(ann):
    memory = ann.keep("long")
    db.session.get_one(Memory, memory.id).text = "é" * 10_000
    db.session.flush()
    (found,) = list_level(ann.user_id, memory.integration_id).memories
    assert len(found.excerpt) == 300


def test_thousands_of_memories_make_a_small_page(ann):
    integration_id = ann.integrations["google_drive"].id
    owner = {"user_id": ann.user_id, "integration_id": integration_id, "text": "x"}
    rows = [owner | {"folder": f"f{n % 50}/g{n % 999}", "title": f"t{n}"} for n in range(3000)]
    db.session.execute(db.insert(Memory), rows)
    page = list_level(ann.user_id, integration_id)
    assert len(page.folders) == 50 and not page.has_next
    assert sum(folder.count for folder in page.folders) == 3000
