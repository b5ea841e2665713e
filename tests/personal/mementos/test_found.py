"""A memento out of a search of one's memories, on a page of its own; and the list of mementos, a page at a time."""

import re

import pytest

from app.memories.models import Memento, MementoContent
from tests.actors import find_form
from tests.personal.conftest import post, stock
from tests.tables import each

FOUND = "/account/mementos/found"


def ticked(page) -> list[str]:
    return [value for name, value in find_form(page, names=["memory_ids"]).values if name == "memory_ids"]


def test_the_list_of_memories_leads_to_a_memento_of_what_it_found(signed_in, shelf, in_database):
    listed = signed_in.get("/account/memories/?q=about&source=" + shelf.integrations["Drive"])
    link = re.search(rf'href="({FOUND}\?[^"]+)"', listed.text)[1].replace("&amp;", "&")
    page = signed_in.get(link)
    assert sorted(ticked(page)) == sorted(shelf.memories[title] for title in ("Soup", "Bread", "Tiles", "Loose leaf"))
    wanted = [shelf.memories["Soup"], shelf.memories["Tiles"]]
    made = signed_in.submit(page, press="Make this memento", name="Both", memory_ids=wanted)
    shown = signed_in.follow(made)
    assert "The memento is made." in shown.text and "2 single memories" in shown.text
    id = made.location.split("/")[3]
    held = in_database(
        lambda session: {one.memory_id for one in session.query(MementoContent).filter_by(memento_id=id)}
    )
    assert held == set(wanted)


def test_every_filter_of_the_list_narrows_what_is_found(signed_in, shelf):
    drive = shelf.integrations["Drive"]
    assert ticked(signed_in.get(f"{FOUND}?source={drive}&folder=Trips")) == [shelf.memories["Tiles"]]
    page = signed_in.get(f"{FOUND}?q=about&source={shelf.integrations['Slack']}")
    assert len(ticked(page)) == 3 and "Only from <bdi>Slack</bdi>" in page.text


def test_without_a_question_nothing_is_found_and_where_nothing_fits_a_way_leads_on(signed_in, shelf):
    page = signed_in.get(FOUND)
    assert "memory_ids" not in page.text and 'name="q"' in page.text
    page = signed_in.get(f"{FOUND}?q=zeppelin")
    assert "Nothing fits." in page.text and 'class="button secondary" href="/account/memories/"' in page.text


def test_who_keeps_nothing_is_led_to_the_first_note(stranger):
    page = stranger.get(FOUND)
    assert page.status_code == 200 and 'class="button" href="/account/memories/new"' in page.text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": "Recipes"}, "You already have a memento called"),
        ({"name": ""}, "Give the memento a name"),
        ({"name": "Empty", "memory_ids": []}, "Tick at least one"),
    ],
)
def test_what_is_wrong_is_told_and_the_ticks_stay(signed_in, shelf, in_database, fields, sentence):
    page = signed_in.get(f"{FOUND}?q=about")
    kept = [shelf.memories["Soup"]]
    page = signed_in.submit(page, press="Make this memento", **{"memory_ids": kept, **fields})
    assert page.status_code == 422 and sentence in page.text.split('role="alert"')[1]
    assert ticked(page) == fields.get("memory_ids", kept)
    assert in_database(lambda session: session.query(Memento).count()) == 2


def test_somebody_elses_memory_makes_no_memento(app, signed_in, shelf, carol, in_database):
    theirs = stock(app, carol.id).memories["Soup"]
    for ids in ([theirs], [theirs, shelf.memories["Soup"]], ["\x00"], ["x" * 5000]):
        page = post(signed_in, FOUND + "?q=soup", {"name": "Mine", "memory_ids": ids})
        assert page.status_code == 422 and theirs not in page.text
    assert in_database(lambda session: session.query(Memento).filter_by(name="Mine").count()) == 0


# -- the list of mementos ------------------------------------------------------------------------------


@pytest.fixture
def many(signed_in, shelf, alice, in_database):
    def add(session):
        for number in range(20):
            content = MementoContent(memory_id=shelf.memories["Hello"])
            session.add(Memento(user_id=alice.id, name=f"Project {number:02}", contents=[content]))
        session.commit()

    in_database(add)


def names(page) -> list[str]:
    return re.findall(r'href="/account/mementos/mem_\w+/"><bdi>(.*?)</bdi></a>', page.text)


def test_the_list_comes_in_pages_that_lead_on_to_all_of_it(signed_in, many):
    seen, path = [], "/account/mementos/"
    while path:
        page = signed_in.get(path)
        assert len(names(page)) <= 8
        seen += names(page)
        forth = re.search(r'rel="next" href="([^"]+)"', page.text)
        path = forth and forth[1].replace("&amp;", "&")
    assert seen == ["Diary", *(f"Project {number:02}" for number in range(20)), "Recipes"]


def test_the_list_is_searched_in_every_spelling_and_keeps_the_question_from_page_to_page(signed_in, many):
    page = signed_in.get("/account/mementos/?q=PROJECT")
    assert len(names(page)) == 8
    page = signed_in.get(re.search(r'rel="next" href="([^"]+)"', page.text)[1].replace("&amp;", "&"))
    assert names(page)[0] == "Project 08"
    # By what the page tells of it, too: a source, a title.
    assert names(signed_in.get("/account/mementos/?q=loose")) == ["Diary"]
    page = signed_in.get("/account/mementos/?q=zeppelin")
    assert "None of your mementos fits that." in page.text and names(page) == []


@each("query", ["page=0", "page=99999", "page=x", "q=%00", "q=" + "x" * 5000, "page=3"])
def test_any_address_of_the_list_is_a_page(signed_in, many, query):
    assert signed_in.get(f"/account/mementos/?{query}").status_code == 200
