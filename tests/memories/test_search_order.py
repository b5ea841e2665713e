"""In which order a search finds what it finds, and that its pages hold each match once."""

import pytest
from sqlalchemy import delete, insert, update

from app import clock
from app.extensions import db
from app.memories import filters, search
from app.memories.models import Memory, MemoryTag
from app.memories.reach import Reach
from app.memories.search import Filters, UnusablePosition, list_memories, search_memories
from app.memories.words import parse_query
from tests.databases import BACKEND
from tests.memories.searching import find, keep_many, page_through
from tests.statements import find_plan, noted_statements


def test_the_best_come_first(texts, everything):
    texts(
        Lisbon_in_spring="A walk.",
        Diary="Lisbon, and Lisbon again: Lisbon!",
        Shopping="Bread from Lisbon, and much else that has nothing to do with it.",
        Older="Porto.",
    )
    assert find(everything, "lisbon") == ["Lisbon in spring", "Diary", "Shopping"]


@pytest.mark.skipif(BACKEND != "sqlite", reason="asks SQLite how it would do it")
def test_what_is_found_is_looked_up_and_not_looked_for_among_all(app, ann, everything):
    """SQLite would go through all memories of a person for the fifty whose places the index has told."""
    keep_many(ann, ["Same."] * 120)
    with noted_statements(app) as noted:
        find(everything, "same")
    [plan] = [find_plan(app, one) for one, _values in noted if "FROM memory_search_rows" in one]
    assert plan[0].startswith("SEARCH memory_search_rows")


def test_of_equals_the_newest_comes_first(texts, everything):
    texts(One="Same.", Two="Same.", Three="Same.")
    assert find(everything, "same") == ["Three", "Two", "One"]


def test_words_that_stand_together_are_better(texts, everything):
    texts(Together="green tea", Apart="tea from the green hills")
    assert find(everything, "green tea")[0] == "Together"


def test_the_best_of_many_comes_first_however_old_it_is(ann, texts, everything):
    texts(Lisbon="A walk.", Diary="Lisbon, and Lisbon again: Lisbon! Lisbon.")
    keep_many(ann, ["Bread from Lisbon, and much else."] * 1200)
    assert find(everything, "lisbon")[:3] == ["Lisbon", "Diary", "1199"]
    reach = Reach(user_id=ann.user_id, can_write={ann.memento("all", *ann.integrations.values()): False})
    assert find(reach, "lisbon", limit=3) == ["Lisbon", "Diary", "1199"]


def test_words_that_stand_together_are_better_among_many_too(ann, texts, everything):
    texts(Together="Some green tea.")
    keep_many(ann, ["Green hills, and later some tea."] * 150)
    assert find(everything, "green tea", limit=2) == ["Together", "149"]


def test_what_is_not_within_reach_takes_no_place_among_the_best(ann, texts, everything, monkeypatch):
    keep_many(ann, ["word"] * 120)
    texts(**{f"word_{number}": "word word word" for number in range(120)})
    folder = ann.keep("In the folder", folder="f")
    folder.text, folder.tags = "word word", [MemoryTag(tag="t")]
    db.session.flush()
    reach = Reach(
        user_id=ann.user_id, can_write={ann.memento("m", ("google_drive", "f"), ann.integrations["slack"]): False}
    )
    assert find(everything, "word", limit=1, tag="t") == ["In the folder"]
    assert find(reach, "word", integration_id=ann.integrations["google_drive"].id) == ["In the folder"]
    monkeypatch.setattr(filters, "_MOST_PLACES", 1)
    assert find(reach, "word", limit=2) == ["In the folder", "119"]


def test_so_many_that_nobody_ranks_them_all_come_by_the_newest(ann, texts, everything, monkeypatch):
    monkeypatch.setattr(search, "MOST_RANKED", 110)
    texts(Word="word word word")
    keep_many(ann, ["word word"] + ["word"] * 120)
    assert find(everything, "word", limit=2) == ["120", "119"]
    assert sorted(page_through(everything, "word", 40)) == sorted(["Word", *map(str, range(121))])


def test_pages_of_many_hold_each_match_once_while_others_are_added(ann, everything):
    words = ["green tea ", "tea from a green hill ", "green, and later tea, tea ", "tea tea green green "]
    keep_many(ann, [words[number % 4] * (1 + number % 7) for number in range(230)])

    def add():
        at = clock.now()
        texts = ("green " * 40 + "tea", "green " * 40)
        common = {"user_id": ann.user_id, "integration_id": ann.integrations["slack"].id, "title": "later"}
        db.session.add_all(Memory(**common, text=text, created_at=at) for text in texts)
        db.session.flush()

    titles = page_through(everything, "green tea", 20, between=add)
    assert sorted(titles, key=int) == [str(number) for number in range(230)]


def test_every_match_is_on_some_page_when_the_newest_ranks_low(ann, texts, everything):
    """Marks are compared here and in the database, whose own collation may sort them otherwise."""
    keep_many(ann, ["narwhal narwhal narwhal"] * 150)
    ann.keep("newest").text = "A narwhal, and much else."
    db.session.flush()
    db.session.execute(update(Memory).where(Memory.title == "newest").values(created_at=clock.now()))
    titles = page_through(everything, "narwhal", 100)
    assert sorted(titles) == sorted([*map(str, range(150)), "newest"])


def test_memories_of_one_moment_are_in_one_order_for_the_program_and_the_database(ann, everything):
    """A collation puts "mry_a" before "mry_B", and looks past "_"; code points do not."""
    at = clock.now()
    common = {"user_id": ann.user_id, "integration_id": ann.integrations["slack"].id, "title": "x", "folder": ""}
    ids = [f"mry_{first}{second}{number:02}" for number in range(20) for first in "aB_9" for second in "Zz"]
    rows = [common | {"id": id, "text": "word " * (1 + len(id)), "created_at": at, "updated_at": at} for id in ids]
    db.session.execute(insert(Memory), rows)
    for limit in (1, 7, 50):
        seen, after = [], None
        while True:
            page = search_memories(db.session, everything, parse_query("word"), Filters(), limit, after)
            seen, after = seen + [memory.id for memory in page.memories], page.position
            if after is None:
                break
        assert sorted(seen) == sorted(ids)
    assert [one.id for one in list_memories(db.session, everything, Filters(), 200).memories] == sorted(
        ids, reverse=True
    )


def test_windows_follow_each_other(texts, everything, monkeypatch):
    """The best of all come first, then each window of the newest by itself; pages go through all of them once."""
    monkeypatch.setattr(search, "WINDOW", 4), monkeypatch.setattr(search, "BEST", 4)
    texts(**{f"n{number}": "word " * (number % 4 + 1) for number in range(10)})
    in_order = find(everything, "word", limit=10)
    assert "".join(title[1:] for title in in_order) == "7362" + "98" + "54" + "10"
    for limit in (1, 2, 3, 4):
        assert page_through(everything, "word", limit) == in_order


def test_pages_stay_what_they_were_while_memories_come_and_go(ann, texts, everything, monkeypatch):
    monkeypatch.setattr(search, "WINDOW", 4), monkeypatch.setattr(search, "BEST", 4)
    texts(**{f"n{number}": "word" for number in range(8)})
    first = search_memories(db.session, everything, parse_query("word"), Filters(), 2)
    texts(newer="word word word")
    db.session.execute(delete(Memory).where(Memory.title.in_(["n7", "n1"])))
    rest, after = [], first.position
    while after is not None:
        page = search_memories(db.session, everything, parse_query("word"), Filters(), 3, after)
        rest, after = rest + [memory.title for memory in page.memories], page.position
    assert [memory.title for memory in first.memories] == ["n7", "n6"]
    assert rest == ["n5", "n4", "n3", "n2", "n0"]


@pytest.mark.parametrize(
    "after",
    [
        1,
        "x",
        [],
        [None],
        [1, 2],
        ["a", "b"],
        [[1, 2]],
        [1, 1, None, None, None, []],
        [None, True, None, None, None, []],
        [1 << 70, True, None, None, None, []],
        [1, True, 1, None, None, []],
        [1, True, None, "1", 1, []],
        [1, True, None, 1, None, []],
        [1, True, None, None, None, None],
        [1, True, None, None, None, [1]],
        [1, True, None, None, None, ["\x00"]],
        [1, True, None, None, None, ["mry_1"] * 51],
    ],
)
def test_a_position_that_no_page_ended_at_is_told(everything, after):
    with pytest.raises(UnusablePosition):
        search_memories(db.session, everything, parse_query("word"), Filters(), 2, after)
    with pytest.raises(UnusablePosition):
        list_memories(db.session, everything, Filters(), 2, after)
