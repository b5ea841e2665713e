"""Mementos: listed with what uses them, shown, copied, pruned and deleted, and what an app then still sees."""

import pytest
from sqlalchemy import func, select

from app.consents.saved import SavedMemento
from app.memories.models import Integration, Memento, Memory
from tests.personal.conftest import post


def line_of(page, name: str) -> str:
    """What the list says of a memento."""
    (line,) = [line for line in page.text.split("<li>")[1:] if f">{name}</bdi></a>" in line.split("</li>")[0]]
    return line.split("</li>")[0]


def test_without_anything_to_make_one_of_the_list_leads_to_a_note(signed_in):
    page = signed_in.get("/account/mementos/").text
    assert "You have no mementos yet" in page
    assert "Write your first note" in page
    assert "Make your first memento" not in page


def test_with_a_source_the_empty_list_leads_to_making_the_first(signed_in, shelf, in_database):
    def empty(session):
        session.execute(Memento.__table__.delete())
        session.commit()

    in_database(empty)
    page = signed_in.get("/account/mementos/").text
    assert "Make your first memento" in page
    assert "Drive, Slack" in page


def test_each_memento_is_listed_with_its_count_and_the_apps_that_use_it(signed_in, connected):
    page = signed_in.get("/account/mementos/")
    assert "2 memories" in line_of(page, "Recipes") and "Acme Notebook" in line_of(page, "Recipes")
    assert "1 memory" in line_of(page, "Diary") and "Used by no app" in line_of(page, "Diary")


def test_an_app_whose_consent_is_over_is_no_use(signed_in, connected, let_time_pass):
    signed_in.submit(signed_in.get(connected.path), until="day")
    assert "Acme Notebook" in line_of(signed_in.get("/account/mementos/"), "Recipes")
    let_time_pass(days=1)
    assert "Used by no app" in line_of(signed_in.get("/account/mementos/"), "Recipes")


def test_an_app_that_sees_everything_is_told_of_each_memento(signed_in, connect, notebook, shelf):
    connect(notebook, selection="all")
    line = line_of(signed_in.get("/account/mementos/"), "Recipes")
    assert "Acme Notebook</bdi></a>, as everything is" in line and "Used by no app" not in line
    path = f"/account/mementos/{shelf.mementos['Recipes']}/"
    assert "Acme Notebook</bdi></a>, as everything you keep." in signed_in.get(path).text
    assert "goes on seeing what is in it" in signed_in.get(path + "delete").text
    assert "No app looks through it" not in signed_in.get(path + "delete").text


def test_a_memento_shows_what_it_was_made_of_and_what_is_in_it_now(signed_in, connected, shelf):
    page = signed_in.get(f"/account/mementos/{shelf.mementos['Recipes']}/").text
    assert "the folder <bdi>Recipes</bdi> of <bdi>Drive</bdi>, also what comes later" in page
    assert "Soup" in page and "Bread" in page and "Tiles" not in page
    assert "Acme Notebook" in page
    page = signed_in.get(f"/account/mementos/{shelf.mementos['Diary']}/").text
    assert "1 single memory, and only this one" in page
    assert "No app." in page


def test_a_long_memento_is_shown_in_pages(app, signed_in, shelf, alice, in_database):
    def fill(session):
        owner = {"user_id": alice.id, "integration_id": shelf.integrations["Drive"], "folder": "Recipes", "text": "x"}
        session.add_all(Memory(title=f"Recipe number {n:03}", **owner) for n in range(12))
        session.commit()

    in_database(fill)
    path = f"/account/mementos/{shelf.mementos['Recipes']}/"
    first, second = signed_in.get(path).text, signed_in.get(path + "?page=2").text
    assert "Older" in first and "Newer" not in first
    assert "Newer" in second and "Older" not in second
    assert first.count("Recipe number") + second.count("Recipe number") == 12


# -- copies --------------------------------------------------------------------------------------


def test_a_copy_is_made_and_no_app_looks_through_it(signed_in, connected, shelf):
    page = signed_in.get(f"/account/mementos/{shelf.mementos['Recipes']}/")
    copy = signed_in.follow(signed_in.submit(page, press="Duplicate"))
    assert "Recipes (copy)" in copy.text
    assert "No app." in copy.text and "Soup" in copy.text
    assert connected.sees() == {shelf.mementos["Recipes"]}


def test_a_second_click_on_duplicate_leads_to_the_same_copy(signed_in, shelf):
    page = signed_in.get(f"/account/mementos/{shelf.mementos['Recipes']}/")
    first, again = (signed_in.submit(page, press="Duplicate").location for _ in range(2))
    another = signed_in.submit(signed_in.get(page.request.path), press="Duplicate").location
    assert first == again != another


# -- deleting ------------------------------------------------------------------------------------


def test_deleting_asks_first_and_names_the_apps_that_lose_it(signed_in, connected, connect, pocket, shelf):
    connect(pocket, shelf.mementos["Recipes"], shelf.mementos["Diary"], scope="memories:read")
    page = signed_in.get(f"/account/mementos/{shelf.mementos['Recipes']}/delete")
    warning = page.text.split('class="notice error"')[1].split("</div>")[0]
    assert "Acme Notebook" in warning and "Acme Pocket" in warning and "lose it at once" in warning
    assert "<bdi>Acme Notebook</bdi> looks through no other memento" in warning
    assert "<bdi>Acme Pocket</bdi> looks through no other" not in warning
    assert connected.sees() == {shelf.mementos["Recipes"]}


def test_a_deleted_memento_is_lost_to_its_apps_on_the_next_call_and_the_memories_stay(
    signed_in, connected, shelf, in_database
):
    page = signed_in.get(f"/account/mementos/{shelf.mementos['Recipes']}/delete")
    page = signed_in.follow(signed_in.submit(page, press="Delete this memento"))
    assert "“Recipes” is deleted" in page.text
    assert connected.is_alive()
    assert connected.sees() == set()
    assert in_database(lambda session: session.scalar(select(func.count()).select_from(Memory))) == 7
    assert signed_in.get(f"/account/mementos/{shelf.mementos['Recipes']}/").status_code == 404


# -- what an app has added -----------------------------------------------------------------------


@pytest.fixture
def saved_path(saved) -> str:
    return f"/account/mementos/{saved.mementos['Saved by Acme Notebook']}/"


def test_an_apps_own_memento_is_shown_as_such(signed_in, saved, saved_path):
    line = line_of(signed_in.get("/account/mementos/"), "Saved by Acme Notebook")
    assert "kept by an app" in line and "Holds what <bdi>Acme Notebook</bdi> has added" in line
    page = signed_in.get(saved_path).text
    assert "Everything that the app <bdi>Acme Notebook</bdi> has added for you" in page
    assert "Draft one" in page


def test_an_apps_own_memento_has_no_editor(signed_in, saved, saved_path):
    """The app may write in all of it: nothing of the person's must get into it."""
    assert "Rename or change it" not in signed_in.get(saved_path).text
    assert signed_in.get(saved_path + "edit").status_code == 404


def test_single_memories_of_it_are_deleted_after_one_question(signed_in, saved, saved_path, in_database):
    page = signed_in.submit(signed_in.get(saved_path), memory_ids=[saved.memories["Draft one"]])
    assert "Delete 1 memory?" in page.text and "Draft one" in page.text and "Draft two" not in page.text
    assert in_database(lambda session: session.get(Memory, saved.memories["Draft one"])) is not None
    page = signed_in.follow(signed_in.submit(page, press="Delete it"))
    assert "Draft one" not in page.text.split("What is in it now")[1]
    assert "Draft two" in page.text
    assert in_database(lambda session: session.get(Memory, saved.memories["Draft one"])) is None


def test_pruning_without_a_tick_deletes_nothing(signed_in, saved, saved_path):
    page = signed_in.follow(signed_in.submit(signed_in.get(saved_path), action=saved_path + "prune"))
    assert "Tick the memories" in page.text


def test_pruning_deletes_nothing_that_the_app_has_not_added(signed_in, saved, saved_path, shelf, in_database):
    page = signed_in.get(saved_path)
    ids = [saved.memories["Draft one"], shelf.memories["Soup"]]
    page = signed_in.submit(page, memory_ids=ids)
    assert "Delete 1 memory?" in page.text
    signed_in.submit(page, press="Delete it", memory_ids=ids)
    assert in_database(lambda session: session.get(Memory, shelf.memories["Soup"])) is not None


def test_a_memento_of_the_persons_own_cannot_be_pruned(signed_in, saved, saved_path, shelf, in_database):
    path = f"/account/mementos/{shelf.mementos['Recipes']}/prune"
    response = post(signed_in, path, {"memory_ids": shelf.memories["Soup"], "action": "delete"})
    assert response.status_code == 404
    assert in_database(lambda session: session.get(Memory, shelf.memories["Soup"])) is not None


def test_deleting_it_keeps_its_memories_unless_they_are_ticked_too(
    signed_in, connected, saved, saved_path, in_database
):
    assert saved.mementos["Saved by Acme Notebook"] in connected.sees()
    page = signed_in.get(saved_path + "delete")
    assert "Delete the 2 memories in it too" in page.text
    signed_in.submit(page, press="Delete this memento")
    assert saved.mementos["Saved by Acme Notebook"] not in connected.sees()
    assert in_database(lambda session: session.get(Memory, saved.memories["Draft one"])) is not None
    assert in_database(lambda session: session.query(SavedMemento).count()) == 0


def test_deleting_it_with_its_memories_leaves_nothing_of_it(signed_in, connected, saved, saved_path, in_database):
    signed_in.submit(signed_in.get(saved_path + "delete"), press="Delete this memento", memories=True)
    assert in_database(lambda session: session.get(Memory, saved.memories["Draft one"])) is None
    assert in_database(lambda session: session.query(Integration).count()) == 2
    assert in_database(lambda session: session.query(Memory).count()) == 7
    assert connected.is_alive()


# -- what an app has made ------------------------------------------------------------------------


def test_a_memento_that_an_app_made_says_by_whom_and_stays_when_the_app_goes(app, signed_in, connected):
    made = app.test_client().post(
        "/api/v1/mementos/",
        json={"name": "Work Documents"},
        headers={"Authorization": f"Bearer {connected.access_token}"},
    )
    assert made.status_code == 201, made.text
    line = line_of(signed_in.get("/account/mementos/"), "Work Documents")
    assert "made by <bdi>Acme Notebook</bdi>" in line and "Used by no app" in line
    page = signed_in.get(f"/account/mementos/{made.json['id']}/").text
    assert "The app <bdi>Acme Notebook</bdi> made it." in page and "Rename or change it" in page
    signed_in.end_app(connected.grant_id)
    assert not connected.is_alive()
    assert "made by <bdi>Acme Notebook</bdi>" in line_of(signed_in.get("/account/mementos/"), "Work Documents")
