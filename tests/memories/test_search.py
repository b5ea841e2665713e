"""Full-text search: what is found, in which order, and that the index follows every change."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, update

from app import clock
from app.credentials import new_id
from app.extensions import db
from app.memories import search
from app.memories.models import Integration, Memory, MemoryTag
from app.memories.reach import Reach
from app.memories.search import Filters, UnusablePosition, list_memories, search_memories
from app.memories.words import excerpt, parse_query, score


def find(reach: Reach, q: str, limit: int = 100, **filters) -> list[str]:
    return [memory.title for memory in search_memories(reach, parse_query(q), Filters(**filters), limit).memories]


@pytest.fixture
def everything(ann) -> Reach:
    return Reach(user_id=ann.user_id, everything=True)


@pytest.fixture
def texts(ann):
    """Memories of Ann's, by title and text."""

    def keep(**texts: str) -> None:
        for title, text in texts.items():
            ann.keep(title.replace("_", " ")).text = text
        db.session.flush()

    return keep


# -- words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "q",
    [
        "recipe",
        "RECIPE",
        "recipes",
        "Récipe",
        " recipe! ",
        "the recipe",
        '"recipe of the house"',
        "house recipe",
        "e-mail",
        "e mail",
        "and/or",
        "C++",
        "3.14",
        "größe",
        "naïve",
        "don't",
        "o'neill@example.com",
        "(recipe)",
        "recipe*",
    ],
)
def test_a_word_is_found_however_it_is_written(texts, everything, q):
    texts(
        Note="The récipe of the house, by E-mail and/or in C++ code; 3.14 is not a Größe. Naive?"
        " Don't ask o'neill@example.com",
        Other="Nothing here.",
    )
    assert find(everything, q) == ["Note"]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("house the of", True),
        ('"the recipe" house', True),
        ('"of house"', False),
        ("recipe zebra", False),
        ('"recipe house"', False),
        ("x", False),
        ("recipe AND zebra", False),
        ('""zebra""', False),
    ],
)
def test_all_words_must_be_there_and_quoted_ones_together(texts, everything, q, found):
    texts(Note="The recipe of the house.")
    assert find(everything, q) == (["Note"] if found else [])


@pytest.mark.parametrize(
    "q",
    [
        '"',
        "((",
        "title:",
        "*",
        "^a",
        "a OR",
        "NEAR(a b)",
        "-a",
        "a:b:c",
        "'; DROP TABLE",
        "{title}:a",
        "\\",
        "&|!<->",
        "%",
    ],
)
def test_no_query_is_a_syntax_error(texts, everything, q):
    texts(a="b")
    words = parse_query(q)
    if words is not None:
        search_memories(everything, words, Filters(), 10)


def test_a_query_without_a_word_has_none():
    assert parse_query("?!  “”…") is None


def test_any_of_the_words_may_be_enough(texts, everything):
    texts(Bread="Flour.", Cake="Sugar.", Soup="Water.")
    words = parse_query("flour or sugar, maybe", any_is_enough=True)
    found = search_memories(everything, words, Filters(), 10).memories
    assert sorted(memory.title for memory in found) == ["Bread", "Cake"]


def page_through(reach: Reach, q: str, limit: int, between=lambda: None) -> list[str]:
    """The titles of all pages; something may happen between two of them."""
    titles, after = [], None
    while True:
        page = search_memories(reach, parse_query(q), Filters(), limit, after)
        titles += [memory.title for memory in page.memories]
        if page.position is None:
            return titles
        # As it comes back from a client.
        after = json.loads(json.dumps(page.position))
        between()


def keep_many(keeper, texts) -> None:
    """Memories called 0, 1, 2… of these texts, each newer than the last."""
    at = clock.now() - timedelta(days=1)
    rows = [
        {
            "id": new_id("mry"),
            "user_id": keeper.user_id,
            "integration_id": keeper.integrations["slack"].id,
            "folder": "",
            "title": str(number),
            "text": text,
            "created_at": at + timedelta(seconds=number),
            "updated_at": at,
        }
        for number, text in enumerate(texts)
    ]
    db.session.execute(insert(Memory), rows)


# -- order -----------------------------------------------------------------------------------------


def test_the_best_come_first(texts, everything):
    texts(
        Lisbon_in_spring="A walk.",
        Diary="Lisbon, and Lisbon again: Lisbon!",
        Shopping="Bread from Lisbon, and much else that has nothing to do with it.",
        Older="Porto.",
    )
    assert find(everything, "lisbon") == ["Lisbon in spring", "Diary", "Shopping"]


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
    monkeypatch.setattr(search, "_MOST_PLACES", 1)
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
            page = search_memories(everything, parse_query("word"), Filters(), limit, after)
            seen, after = seen + [memory.id for memory in page.memories], page.position
            if after is None:
                break
        assert sorted(seen) == sorted(ids)
    assert [one.id for one in list_memories(everything, Filters(), 200).memories] == sorted(ids, reverse=True)


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
    first = search_memories(everything, parse_query("word"), Filters(), 2)
    texts(newer="word word word")
    db.session.execute(delete(Memory).where(Memory.title.in_(["n7", "n1"])))
    rest, after = [], first.position
    while after is not None:
        page = search_memories(everything, parse_query("word"), Filters(), 3, after)
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
        search_memories(everything, parse_query("word"), Filters(), 2, after)
    with pytest.raises(UnusablePosition):
        list_memories(everything, Filters(), 2, after)


# -- reach -----------------------------------------------------------------------------------------


def test_only_what_is_within_reach_is_found(ann, ben, everything):
    for keeper in (ann, ben):
        keeper.keep("word")
    trip, single = ann.keep("word in a trip", folder="Trips/Lisbon"), ann.keep("word alone")
    ann.keep("word in trips2", folder="Trips2")
    chat = ann.keep("word in a chat", kind="slack")
    mementos = (
        ann.memento("a", ("google_drive", "Trips")),
        ann.memento("b", single),
        ann.memento("c", ann.integrations["slack"]),
    )
    reach = Reach(user_id=ann.user_id, can_write=dict.fromkeys(mementos, False))
    assert set(find(reach, "word")) == {trip.title, single.title, chat.title}
    assert find(reach, "word", memento_id=mementos[1]) == [single.title]
    assert len(find(everything, "word")) == 5
    assert find(Reach(user_id=ann.user_id), "word") == []


def test_more_picks_than_the_index_is_asked_for_are_found_too(ann, monkeypatch):
    monkeypatch.setattr(search, "_MOST_PLACES", 3)
    memories = [ann.keep(f"word {number}") for number in range(6)]
    reach = Reach(user_id=ann.user_id, can_write={ann.memento("many", *memories[:5]): False})
    assert find(reach, "word") == [f"word {number}" for number in (4, 3, 2, 1, 0)]
    assert [memory.title for memory in list_memories(reach, Filters(), 10).memories] == find(reach, "word")


def test_hundreds_of_picks_are_looked_for_at_once(ann):
    memories = [ann.keep(f"word {number}") for number in range(300)]
    reach = Reach(user_id=ann.user_id, can_write={ann.memento("many", *memories): False})
    assert len(find(reach, "word")) == 100


def test_odd_folder_names_are_found(ann):
    for folder in ('a"b', "x' OR 1", "%", "été/Lüge", "😀", "()", "a\\b", "!!!"):
        memory = ann.keep(f"word in {folder}", folder=folder)
        reach = Reach(user_id=ann.user_id, can_write={ann.memento(f"m {folder}", ("google_drive", folder)): False})
        assert find(reach, "word") == [memory.title]


# -- the index follows -----------------------------------------------------------------------------


def test_the_index_follows_every_change(ann, everything):
    memory = ann.keep("First")
    db.session.execute(update(Memory).where(Memory.id == memory.id).values(text="Changed behind the ORM's back."))
    assert (find(everything, "changed"), find(everything, "about")) == (["First"], [])
    db.session.execute(update(Memory).where(Memory.id == memory.id).values(folder="Moved"))
    reach = Reach(user_id=ann.user_id, can_write={ann.memento("m", ("google_drive", "Moved")): False})
    assert find(reach, "changed") == ["First"]
    db.session.execute(delete(Integration).where(Integration.id == memory.integration_id))
    assert find(everything, "changed") == []
    if db.engine.dialect.name == "sqlite":
        assert db.session.execute(db.text("SELECT count(*) FROM memory_search_rows")).scalar() == 0
        db.session.execute(db.text("INSERT INTO memory_search (memory_search) VALUES ('integrity-check')"))


def test_memories_of_one_moment_all_have_their_place(ann, everything):
    at = clock.now()
    rows = [
        {
            "id": f"mry_{number}",
            "user_id": ann.user_id,
            "integration_id": ann.integrations["slack"].id,
            "folder": "",
            "title": str(number),
            "text": "word",
            "created_at": at,
            "updated_at": at,
        }
        for number in range(250)
    ]
    db.session.execute(insert(Memory), rows)
    seen, after = [], None
    while True:
        page = search_memories(everything, parse_query("word"), Filters(), 100, after)
        seen, after = seen + [memory.id for memory in page.memories], page.position
        if after is None:
            break
    assert sorted(seen) == sorted(row["id"] for row in rows)


@pytest.mark.parametrize("years", [-500, -60, 0, 150])
def test_time_ranges_reach_as_far_as_the_calendar(ann, everything, years):
    memory = ann.keep("word")
    instant = memory.created_at + timedelta(days=365 * years)
    assert find(everything, "word", begin=instant) == ([memory.title] if years <= 0 else [])
    assert find(everything, "word", end=instant) == ([] if years <= 0 else [memory.title])


def test_a_long_text_is_found_by_its_last_word(ann, everything):
    ann.keep("Long").text = "filler " * 12_000 + "needle"
    db.session.flush()
    assert find(everything, "needle") == ["Long"]


# -- excerpts and scores -----------------------------------------------------------------------------


def test_an_excerpt_is_around_the_first_hit():
    text = "filler " * 500 + "needle" + " filler" * 500
    part = excerpt(parse_query("needle"), text, 100)
    assert len(part) == 100 and "needle" in part
    assert excerpt(parse_query("absent"), text, 100) == text[:100]
    assert excerpt(parse_query("needle"), "short", 100) == "short"


def test_a_score_depends_on_the_memory_alone():
    words = parse_query("green tea")
    assert (
        score(words, "Green tea", "")
        > score(words, "Tea", "green")
        > score(words, "", "green tea")
        > score(words, "", "green")
        > 0
    )
    assert score(words, "Coffee", "black") == 0
