"""Full-text search: what is found, within reach alone, and that the index follows every change."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, update

from app import clock
from app.extensions import db
from app.memories import filters
from app.memories.models import Integration, Memory
from app.memories.reach import Reach
from app.memories.search import Filters, list_memories, search_memories
from app.memories.words import excerpt, parse_query, score
from tests.memories.searching import find

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
        search_memories(db.session, everything, words, Filters(), 10)


def test_a_query_without_a_word_has_none():
    assert parse_query("?!  “”…") is None


def test_any_of_the_words_may_be_enough(texts, everything):
    texts(Bread="Flour.", Cake="Sugar.", Soup="Water.")
    words = parse_query("flour or sugar, maybe", any_is_enough=True)
    found = search_memories(db.session, everything, words, Filters(), 10).memories
    assert sorted(memory.title for memory in found) == ["Bread", "Cake"]


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
    monkeypatch.setattr(filters, "_MOST_PLACES", 3)
    memories = [ann.keep(f"word {number}") for number in range(6)]
    reach = Reach(user_id=ann.user_id, can_write={ann.memento("many", *memories[:5]): False})
    assert find(reach, "word") == [f"word {number}" for number in (4, 3, 2, 1, 0)]
    assert [memory.title for memory in list_memories(db.session, reach, Filters(), 10).memories] == find(reach, "word")


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
        page = search_memories(db.session, everything, parse_query("word"), Filters(), 100, after)
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
