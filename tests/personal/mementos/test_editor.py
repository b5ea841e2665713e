"""The editor: a tree of sources, folders and memories, in which ticks survive every step and only saving saves."""

import re
from datetime import timedelta

import pytest
from werkzeug.datastructures import MultiDict

from app import clock
from app.memories.editing import MOST_CHANGES, find_saved
from app.memories.models import MementoContent, Memory
from app.memories.picks import Pick, parse_pick
from app.personal.mementos.editor import read_draft
from tests.actors import find_form
from tests.personal.conftest import post
from tests.tables import each


@pytest.fixture
def new(signed_in, shelf):
    """The page on which a memento is made."""
    return signed_in.get("/account/mementos/new")


@pytest.fixture
def edit(signed_in, shelf):
    """The editor of Alice's recipes."""
    return signed_in.get(f"/account/mementos/{shelf.mementos['Recipes']}/edit")


def offered(page) -> list[str]:
    return re.findall(r'name="pick" value="([^"]*)"', page.text)


def ticked(page) -> list[str]:
    return re.findall(r'name="pick" value="([^"]*)" checked', page.text)


def tally(page) -> str:
    text = page.text.split('class="tally" role="status">')[1].split("</p>")[0]
    return " ".join(re.sub(r"<[^>]*>", "", text).split())


def picks_of(in_database, memento_id: str, *picks: Pick) -> set[Pick]:
    return in_database(lambda session: find_saved(memento_id, picks))


def test_the_page_says_what_includes_later_additions_and_what_does_not(new):
    assert "Whole sources and folders include what is added to them later. Single memories do not" in new.text


def test_the_sources_are_closed_at_first(new, shelf):
    assert offered(new) == [f"i:{shelf.integrations['Drive']}", f"i:{shelf.integrations['Slack']}"]
    assert ticked(new) == []
    assert "Soup" not in new.text


def test_a_second_click_makes_one_memento_and_no_error(signed_in, new, shelf, monkeypatch):
    drive, slack = (f"i:{shelf.integrations[name]}" for name in ("Drive", "Slack"))
    first, again = (signed_in.submit(new, press="Make it", name="My things", pick=[drive]) for _ in range(2))
    assert first.status_code == again.status_code == 303 and first.location == again.location
    other = signed_in.submit(new, press="Make it", name="My things", pick=[drive, slack])
    assert other.status_code == 422 and "You already have a memento called" in other.text
    later = clock.now() + timedelta(minutes=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert signed_in.submit(new, press="Make it", name="My things", pick=[drive]).status_code == 422


def test_a_memento_is_made_of_a_source_a_folder_and_a_memory(signed_in, new, shelf, in_database):
    drive, slack = shelf.integrations["Drive"], shelf.integrations["Slack"]
    page = signed_in.submit(new, press="Open Drive", name="My things", pick=[f"i:{slack}"])
    assert "Recipes" in page.text and "Loose leaf" in page.text and "Soup" not in page.text
    page = signed_in.submit(page, press="Open Recipes", pick=[f"m:{shelf.memories['Loose leaf']}"])
    assert "Soup" in page.text and "Bread" not in page.text
    page = signed_in.submit(page, press="All sources", pick=[f"f:{drive}:Recipes/Baking"])
    assert ticked(page) == [f"i:{slack}"]
    assert tally(page).startswith("5 memories: Slack 3, Drive 2") and "3 changes not saved yet" in tally(page)
    page = signed_in.follow(signed_in.submit(page, press="Make it"))
    assert "The memento is made" in page.text and "My things" in page.text
    memento_id = page.request.path.split("/")[3]
    wanted = {Pick(slack), Pick(drive, "Recipes/Baking"), Pick(memory_id=shelf.memories["Loose leaf"])}
    assert picks_of(in_database, memento_id, *wanted, Pick(drive), Pick(drive, "Recipes")) == wanted


def test_nothing_is_saved_before_it_is_saved(signed_in, edit, shelf, connected, in_database):
    drive = shelf.integrations["Drive"]
    page = signed_in.submit(edit, press="Open Drive", name="Other", pick=[f"i:{drive}"])
    page = signed_in.submit(page, press="Count", pick=[f"i:{drive}"])
    assert "4 memories" in tally(page)
    assert picks_of(in_database, shelf.mementos["Recipes"], Pick(drive), Pick(drive, "Recipes")) == {
        Pick(drive, "Recipes")
    }
    assert "Other" not in signed_in.get("/account/mementos/").text


def test_a_folder_is_unticked_and_the_name_changed(signed_in, edit, shelf, in_database):
    drive = shelf.integrations["Drive"]
    page = signed_in.submit(edit, press="Open Drive")
    assert ticked(page) == [f"f:{drive}:Recipes"]
    page = signed_in.submit(page, press="Save", name="Travels", pick=[f"f:{drive}:Trips"])
    assert "Travels" in signed_in.follow(page).text
    assert picks_of(in_database, shelf.mementos["Recipes"], Pick(drive, "Recipes"), Pick(drive, "Trips")) == {
        Pick(drive, "Trips")
    }


@each("press", ["Save", "Open Drive", "Count"])
def test_of_a_memento_that_is_gone_the_ticks_become_a_new_one(signed_in, edit, shelf, in_database, press):
    """Another tab, or an app, may have deleted it: what was ticked since may have taken long."""
    drive, slack, soup = shelf.integrations["Drive"], shelf.integrations["Slack"], shelf.memories["Soup"]
    page = signed_in.submit(signed_in.submit(edit, press="Open Drive"), press="Open Recipes")
    page = signed_in.submit(page, press="All sources", pick=[f"m:{soup}"])
    path = f"/account/mementos/{shelf.mementos['Recipes']}/delete"
    signed_in.submit(signed_in.get(path), action=path)
    page = signed_in.submit(page, press=press, name="Anew", pick=[f"i:{slack}"])
    assert page.status_code == 404 and "This memento is not there any more" in page.text.split('role="alert"')[1]
    made = signed_in.submit(page, press="Make it").location.rstrip("/").rpartition("/")[2]
    wanted = {Pick(slack), Pick(memory_id=soup)}
    assert picks_of(in_database, made, *wanted, Pick(drive), Pick(drive, "Recipes")) == wanted


def test_ticks_out_of_sight_are_kept_and_can_be_taken_back(signed_in, edit, shelf):
    drive = shelf.integrations["Drive"]
    page = signed_in.submit(edit, press="Open Drive")
    page = signed_in.submit(page, press="All sources", pick=[f"f:{drive}:Trips"])
    assert "2 changes not saved yet" in tally(page)
    page = signed_in.submit(page, press="Open Drive")
    assert ticked(page) == [f"f:{drive}:Trips"]
    page = signed_in.submit(page, press="Count", pick=[f"f:{drive}:Recipes"])
    assert "not saved" not in tally(page)


def test_what_a_larger_pick_includes_says_so(signed_in, new, shelf):
    drive = shelf.integrations["Drive"]
    page = signed_in.submit(new, press="Open Drive", pick=[f"i:{drive}"])
    assert page.text.count("in already, with all of <bdi>Drive</bdi>") == 3
    page = signed_in.submit(page, press="All sources", pick=[f"f:{drive}:Recipes"])
    assert "1 ticked in it" in page.text


def test_a_search_finds_folders_and_memories_and_keeps_the_ticks(signed_in, new, shelf):
    drive, slack = shelf.integrations["Drive"], shelf.integrations["Slack"]
    page = signed_in.submit(new, press="Find", q="bak", pick=[f"i:{slack}"])
    assert offered(page) == [f"f:{drive}:Recipes/Baking"]
    page = signed_in.submit(page, press="Find", q="ti", pick=[])
    assert f"m:{shelf.memories['Tiles']}" in offered(page)
    page = signed_in.submit(page, press="All sources")
    assert ticked(page) == [f"i:{slack}"]
    page = signed_in.submit(page, press="Find", q="no such thing")
    assert "Nothing of yours has all these words" in page.text


def test_enter_in_the_search_field_searches_and_anywhere_else_saves_nothing(signed_in, new, shelf, in_database):
    page = signed_in.submit(new, press="Show", q="soup", name="Soups")
    assert offered(page) == [f"m:{shelf.memories['Soup']}"]
    page = signed_in.submit(page, press="Show", pick=offered(page))
    assert "1 memory" in tally(page)
    assert "Soups" not in signed_in.get("/account/mementos/").text


def test_a_long_level_is_shown_in_pages_and_ticks_stay(signed_in, new, shelf, alice, in_database):
    slack = shelf.integrations["Slack"]

    def fill(session):
        owner = {"user_id": alice.id, "integration_id": slack, "folder": "general", "text": "x"}
        session.add_all(Memory(title=f"Line {n:03}", **owner) for n in range(70))
        session.commit()

    in_database(fill)
    first = signed_in.submit(signed_in.submit(new, press="Open Slack"), press="Open general")
    assert len(offered(first)) == 50 + 2
    second = signed_in.submit(first, press="Next page", pick=[offered(first)[5]])
    assert len(offered(second)) == 22 + 2
    assert not set(offered(first)[2:]) & set(offered(second)[2:])
    second = signed_in.submit(second, press="Count", pick=[offered(second)[-1]])
    assert tally(second).startswith("2 memories")
    assert len(offered(second)) == 24
    back = signed_in.submit(second, press="Previous page", pick=[offered(second)[-1]])
    assert ticked(back) == [offered(first)[5]]


def test_the_apps_that_look_through_it_are_named_before_it_is_changed(edit, connected, signed_in):
    page = signed_in.get(edit.request.path)
    assert "Acme Notebook" in page.text and "as soon as you save" in page.text


@each(
    ("name", "sentence"),
    [("", "Give the memento a name"), ("Diary", "already have a memento"), ("all", "built-in"),
     ("x" * 101, "101 characters"), ("a\x00b", "invisible or control")],
)  # fmt: skip
def test_a_name_that_cannot_be_is_explained_and_the_ticks_stay(signed_in, new, shelf, name, sentence):
    drive = f"i:{shelf.integrations['Drive']}"
    page = signed_in.submit(new, press="Make it", name=name, pick=[drive])
    assert page.status_code == 422
    assert sentence in page.text.split('role="alert"')[1]
    assert ticked(page) == [drive]


def test_a_memento_of_nothing_is_explained(signed_in, new, edit, shelf):
    page = signed_in.submit(new, press="Make it", name="Empty")
    assert page.status_code == 422 and "Tick at least one source, folder or memory" in page.text
    page = signed_in.submit(edit, press="Open Drive")
    page = signed_in.submit(page, press="Save", pick=[])
    assert page.status_code == 422 and "Tick at least one" in page.text


def test_something_that_is_gone_meanwhile_is_explained(signed_in, new, shelf, in_database):
    page = signed_in.submit(new, press="Find", q="soup", name="Soups")

    def delete(session):
        session.delete(session.get_one(Memory, shelf.memories["Soup"]))
        session.commit()

    picks = offered(page)
    in_database(delete)
    page = signed_in.submit(page, press="Make it", pick=picks)
    assert page.status_code == 422 and "not there any more" in page.text


def test_the_count_for_the_script_is_the_one_of_the_page(signed_in, edit, shelf):
    form = find_form(edit, names=["q"])
    drive = f"i:{shelf.integrations['Drive']}"
    path = edit.text.split('data-count-url="')[1].split('"')[0]
    answer = post(signed_in, path, MultiDict([*form.values, ("pick", drive)]))
    page = signed_in.submit(edit, press="Count", pick=[drive])
    assert " ".join(re.sub(r"<[^>]*>", "", answer.text).split()) == tally(page)
    assert "4 memories, all from Drive. 1 change not saved yet." in tally(page)


def test_the_page_stays_small_however_much_is_in_the_memento(signed_in, shelf, alice, in_database):
    """What is saved is not carried by the form; only what changes is."""

    def fill(session):
        owner = {"user_id": alice.id, "integration_id": shelf.integrations["Slack"], "folder": "deep", "text": "x"}
        memories = [Memory(title=f"Line {n:04}", **owner) for n in range(1500)]
        session.add_all(memories)
        session.flush()
        session.add_all(MementoContent(memento_id=shelf.mementos["Diary"], memory_id=one.id) for one in memories)
        session.commit()

    in_database(fill)
    page = signed_in.get(f"/account/mementos/{shelf.mementos['Diary']}/edit")
    assert len(page.data) < 15_000
    assert "1,500 ticked in it" in page.text
    page = signed_in.submit(page, press="Open Slack")
    page = signed_in.submit(page, press="Open deep")
    assert len(ticked(page)) == 50 and len(page.data) < 60_000
    assert all(parse_pick(key) for key in offered(page))


def test_as_many_changes_as_are_allowed_may_be_of_the_longest_folders(signed_in, new, shelf, in_database):
    """A folder's name may have 500 characters, each of which takes twenty bytes in a form."""
    drive = shelf.integrations["Drive"]
    picks = [Pick(drive, "🐘" * 496 + f"{number:04}") for number in range(MOST_CHANGES)]
    form = MultiDict([("name", "Elephants"), ("action", "save"), *(("added", pick.key) for pick in picks)])
    answer = post(signed_in, "/account/mementos/new", form)
    assert answer.status_code == 303, answer.text[:500]
    made = answer.location.rstrip("/").rpartition("/")[2]
    assert picks_of(in_database, made, *picks) == set(picks)


def test_a_tick_counts_wherever_on_the_page_it_is():
    """Of two thousand sources each stands on the first page."""
    sources = [f"i:int_{number}" for number in range(2000)]
    sent = MultiDict({"shown": sources, "pick": sources[-1:]})
    assert list(read_draft(sent, None).added) == [Pick("int_1999")]
