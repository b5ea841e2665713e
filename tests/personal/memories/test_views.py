"""A person's memories, whatever their source: listed, found, read, written, changed and deleted, and what an app then sees."""

import re
from html import unescape

from sqlalchemy import func, select

from app import clock
from app.consents.undo.models import AppChange
from app.memories.contents import memories_of_mementos
from app.memories.models import Integration, Memento, MementoContent, Memory
from app.memories.own import TEXT_LENGTH, list_mementos_with, notes_id
from app.personal.memories.forms import read_folder, read_tags, write_tags
from app.personal.memories.listing import PAGE_SIZE
from tests.personal.conftest import post
from tests.tables import each


def titles(page) -> list[str]:
    """The memories that a page lists, in its order."""
    return [
        unescape(title) for title in re.findall(r'<li>\s*<a href="/account/memories/\w+/"><bdi>(.*?)</bdi>', page.text)
    ]


def write(browser, **fields):
    """Write a note through the form. Returns the note's page."""
    answer = browser.submit(browser.get("/account/memories/new"), press="Keep the note", **fields)
    assert answer.status_code == 303, answer.text
    return browser.follow(answer)


def memory_of(in_database, title: str) -> dict:
    """What is kept of the memory of that title."""

    def read(session) -> dict:
        memory = session.scalar(select(Memory).where(Memory.title == title))
        tags = sorted(tag.tag for tag in memory.tags)
        return {name: getattr(memory, name) for name in ("id", "user_id", "integration_id", "folder", "text")} | {
            "tags": tags
        }

    return in_database(read)


def call(connected, method: str, path: str, **sent):
    """What the API answers the app."""
    headers = {"Authorization": f"Bearer {connected.access_token}"}
    client = connected.integrator.app.test_client()
    return client.open(f"/api/v1/{path}", method=method, headers=headers, base_url="http://127.0.0.1:8000", **sent)


def sees(connected, memory_id: str) -> bool:
    """Whether the app reads it through the API now."""
    return call(connected, "GET", f"memories/{memory_id}/").status_code == 200


# -- notes -----------------------------------------------------------------------------------------


def test_whoever_has_nothing_is_led_to_the_first_note(signed_in):
    page = signed_in.get("/account/memories/")
    assert "You have no memories yet" in page.text
    assert 'href="/account/memories/new">Write your first note</a>' in page.text
    assert 'role="search"' not in page.text


def test_a_note_is_kept_as_it_was_written(signed_in, alice, in_database):
    page = write(
        signed_in,
        title=" Rye  bread ",
        text="Flour.\r\nWater.",
        tags='bread, "salt, coarse", bread',
        folder="/Baking//Rye/",
    )
    assert "The note is kept." in page.text and "<bdi>Rye bread</bdi></h1>" in page.text
    assert 'dir="auto">Flour.\nWater.</div>' in page.text
    kept = memory_of(in_database, "Rye bread")
    assert kept["user_id"] == alice.id and kept["integration_id"] == notes_id(alice.id)
    assert (kept["text"], kept["folder"], kept["tags"]) == ("Flour.\nWater.", "Baking/Rye", ["bread", "salt, coarse"])


def test_a_second_click_keeps_one_note_and_other_words_another(signed_in, alice, in_database):
    page = signed_in.get("/account/memories/new")
    first, again, other = (
        signed_in.submit(page, press="Keep the note", text=text) for text in ("Rye.", "Rye.", "Rye and spelt.")
    )
    assert first.location == again.location != other.location
    kept = in_database(
        lambda session: session.scalars(select(Memory.text).where(Memory.integration_id == notes_id(alice.id))).all()
    )
    assert sorted(kept) == ["Rye and spelt.", "Rye."]
    assert signed_in.follow(other).text.count("The note is kept.") == 1


def test_all_notes_lie_in_one_source_of_the_persons_own(signed_in, alice, in_database):
    for text in ("One", "Two"):
        write(signed_in, text=text)
    kinds = in_database(
        lambda session: session.execute(select(Integration.kind, Integration.name, Integration.user_id)).all()
    )
    assert kinds == [("notes", "Notes", alice.id)]


def test_an_apps_source_of_the_same_kind_is_not_where_notes_go(signed_in, connect, notebook, shelf, in_database):
    """An app may add to an integration that it made, and read it: what a person writes must not land there."""
    app = connect(
        notebook, shelf.mementos["Recipes"], scope="memories:read memories:write integrations:read integrations:write"
    )
    made = call(app, "POST", "integrations/", json={"kind": "notes", "name": "Notes"})
    assert made.status_code == 201
    write(signed_in, title="Diary of today", text="Mine alone.")
    note = memory_of(in_database, "Diary of today")
    assert note["integration_id"] != made.json["id"] and not sees(app, note["id"])


def test_without_a_title_the_first_line_is_the_title(signed_in):
    assert "<bdi>Buy rye</bdi></h1>" in write(signed_in, text="\n  \nBuy   rye\nand salt").text


@each(
    ("typed", "field", "sentence"),
    [
        ({"text": " \n "}, "text", "Write something."),
        ({"text": "x" * (TEXT_LENGTH + 1)}, "text", "a memory holds at most 100,000"),
        ({"text": "a\x00b"}, "text", "U+0000"),
        ({"title": "x" * 301}, "title", "at most 300 characters"),
        ({"title": "a\u202eb"}, "title", "U+202E"),
        ({"tags": ",".join(map(str, range(21)))}, "tags", "at most 20 tags"),
        ({"tags": "x" * 61}, "tags", "at most 60 characters"),
        ({"folder": "a/" * 250 + "b"}, "folder", "at most 500 characters"),
        ({"folder": "a/\u200b"}, "folder", "no visible character"),
    ],
)
def test_what_cannot_be_kept_is_said_at_its_field(signed_in, typed, field, sentence):
    page = signed_in.get("/account/memories/new")
    answer = signed_in.submit(page, press="Keep the note", **({"text": "Words.", "title": "Mine"} | typed))
    assert answer.status_code == 422
    assert sentence in unescape(answer.text).split(f'id="{field}-errors"')[1].split("</div>")[0]
    assert signed_in.get("/account/memories/").text.count("You have no memories yet") == 1


def test_the_longest_text_fits_into_a_form(signed_in, in_database):
    write(signed_in, title="Long", text="𐍈" * TEXT_LENGTH)
    assert memory_of(in_database, "Long")["text"] == "𐍈" * TEXT_LENGTH


@each("tags", [["a"], ["a", "b c"], ["x, y", "z"], ['say "hi"'], ['"', ","], []])
def test_a_line_of_tags_is_read_as_it_was_written(tags):
    assert read_tags(write_tags(tags)) == tags


@each(("written", "tags"), [('a "b", c', ['a "b"', "c"]), ('"open, b', ['"open', "b"]), (" , ,", []), (None, [])])
def test_a_line_that_nobody_quoted_well_is_split_at_its_commas(written, tags):
    assert read_tags(written) == tags


def test_a_folder_has_no_empty_parts():
    assert [read_folder(one) for one in ("/a//b /", " ", None)] == ["a/b", "", ""]


# -- the list --------------------------------------------------------------------------------------


def test_the_newest_come_first_and_a_page_leads_to_the_next(signed_in, shelf):
    for number in range(PAGE_SIZE):
        write(signed_in, text=f"Note {number}")
    first = signed_in.get("/account/memories/")
    assert titles(first) == [f"Note {number}" for number in reversed(range(PAGE_SIZE))]
    assert "First page" not in first.text
    second = signed_in.get(unescape(re.search(r'rel="next" href="([^"]+)"', first.text)[1]))
    assert sorted(titles(second)) == sorted(shelf.memories)
    assert "Next page" not in second.text and 'href="/account/memories/">First page' in second.text


@each(
    ("narrowed", "found"),
    [
        ({"source": "Slack"}, {"Hello", "Good morning", "Retrospective"}),
        ({"source": "Drive", "folder": "Recipes"}, {"Soup", "Bread"}),
        ({"source": "Drive", "folder": "Recipes/Baking"}, {"Bread"}),
        ({"source": "Drive", "folder": "Rec"}, set()),
        ({"q": "soup"}, {"Soup"}),
        ({"q": "about"}, {"Soup", "Bread", "Tiles", "Loose leaf", "Hello", "Good morning", "Retrospective"}),
        ({"q": "about", "source": "Slack", "folder": "general"}, {"Hello", "Good morning"}),
        ({"q": "about", "source": "Drive", "folder": "Recipes"}, {"Soup", "Bread"}),
        ({"q": "..."}, set()),
        ({"tag": "bread"}, set()),
        # Without a source a folder is none, and a source that is not there is none.
        ({"folder": "Recipes", "q": "tiles"}, {"Tiles"}),
        ({"source": "int_unknown", "q": "tiles"}, {"Tiles"}),
    ],
)
def test_a_list_is_narrowed_by_words_source_and_folder(signed_in, shelf, narrowed, found):
    query = narrowed | (
        {"source": shelf.integrations.get(narrowed["source"], narrowed["source"])} if "source" in narrowed else {}
    )
    page = signed_in.client.get("/account/memories/", query_string=query, base_url="http://127.0.0.1:8000")
    assert set(titles(page)) == found and len(titles(page)) == len(found)
    if not found:
        assert "Nothing fits." in page.text and "Show all memories" in page.text


def test_a_list_is_narrowed_by_a_tag_and_each_tag_leads_to_it(signed_in, shelf):
    write(signed_in, title="Rye", text="Flour", tags="bread, family & friends")
    write(signed_in, title="Wheat", text="Flour", tags="bread")
    page = signed_in.get("/account/memories/")
    assert '<option value="bread"></option><option value="family &amp; friends">' in page.text
    (link,) = re.findall(r'href="([^"]+)"><span class="visually-hidden">Tag </span><bdi>family', page.text)
    assert titles(signed_in.get(unescape(link))) == ["Rye"]
    assert titles(signed_in.get("/account/memories/?tag=bread&q=flour")) in (["Wheat", "Rye"], ["Rye", "Wheat"])


def test_what_is_found_is_shown_around_the_words(signed_in):
    write(signed_in, title="Long", text="x " * 900 + "needle " + "y " * 900)
    assert "needle" in signed_in.get("/account/memories/?q=needle").text
    assert "needle" not in signed_in.get("/account/memories/").text


# -- one memory ------------------------------------------------------------------------------------


def test_a_memory_says_where_it_lies_which_mementos_hold_it_and_which_apps_see_it(signed_in, connected, shelf):
    page = signed_in.get(f"/account/memories/{shelf.memories['Bread']}/").text
    assert "About Bread." in page and "<bdi>Drive</bdi></a>, <a" in page and "<bdi>Recipes/Baking</bdi>" in page
    assert f'href="/account/mementos/{shelf.mementos["Recipes"]}/"><bdi>Recipes</bdi>' in page
    assert "<bdi>Acme Notebook</bdi></a>, through a memento." in page
    other = signed_in.get(f"/account/memories/{shelf.memories['Hello']}/").text
    assert "In none." in other and "No app." in other


def test_the_mementos_of_a_memory_are_those_that_a_memento_says_it_holds(in_database, alice, shelf):
    def compare(session) -> None:
        drive = shelf.integrations["Drive"]
        picks = [
            (drive, None),
            (drive, "Recipes"),
            (drive, "Rec"),
            (drive, "Trips/Lisbon"),
            (drive, "Recipes/Baking/Rye"),
        ]
        for number, (integration_id, folder) in enumerate(picks):
            contents = [MementoContent(integration_id=integration_id, folder=folder)]
            session.add(Memento(user_id=alice.id, name=f"Picked {number}", contents=contents))
        session.flush()
        for memory in session.scalars(select(Memory)):
            holding = [
                one.id
                for one in session.scalars(select(Memento))
                if session.scalar(select(Memory.id).where(Memory.id == memory.id, memories_of_mementos([one.id])))
            ]
            assert sorted(id for id, _ in list_mementos_with(session, memory)) == sorted(holding), memory.title

    in_database(compare)


def test_a_memory_of_any_source_may_be_changed(signed_in, connected, shelf, in_database):
    page = signed_in.get(f"/account/memories/{shelf.memories['Soup']}/edit")
    page = signed_in.follow(signed_in.submit(page, press="Save", text="Leek and potato.", tags="winter"))
    assert "Saved." in page.text and "Leek and potato." in page.text
    read = call(connected, "GET", f"memories/{shelf.memories['Soup']}/").json
    assert (read["text"], read["tags"], read["folder"], read["title"]) == (
        "Leek and potato.",
        ["winter"],
        "Recipes",
        "Soup",
    )


def test_a_changed_text_is_found_by_its_new_words_alone(signed_in, shelf):
    page = signed_in.get(f"/account/memories/{shelf.memories['Soup']}/edit")
    signed_in.submit(page, press="Save", text="Leek and potato.", title="Potage")
    assert titles(signed_in.get("/account/memories/?q=leek")) == ["Potage"]
    assert titles(signed_in.get("/account/memories/?q=soup")) == []


def test_in_another_folder_it_is_in_other_mementos(signed_in, connected, shelf):
    page = signed_in.get(f"/account/memories/{shelf.memories['Soup']}/edit")
    assert sees(connected, shelf.memories["Soup"])
    signed_in.submit(page, press="Save", folder="Private")
    assert not sees(connected, shelf.memories["Soup"])


def test_what_nobody_has_touched_stays_as_its_source_wrote_it(signed_in, shelf, in_database):
    def write_oddly(session) -> None:
        memory = session.get_one(Memory, shelf.memories["Soup"])
        memory.folder, memory.text, memory.title = "/home//x ", "a\r\nb\rc", "Soup "
        session.commit()

    in_database(write_oddly)
    page = signed_in.get(f"/account/memories/{shelf.memories['Soup']}/edit")
    signed_in.submit(page, press="Save", tags="winter")
    kept = in_database(lambda session: session.get_one(Memory, shelf.memories["Soup"]).__dict__)
    assert (kept["folder"], kept["text"], kept["title"]) == ("/home//x ", "a\r\nb\rc", "Soup ")


def test_a_change_that_stands_between_is_told_and_nothing_is_lost(signed_in, shelf, in_database):
    page = signed_in.get(f"/account/memories/{shelf.memories['Soup']}/edit")
    other = signed_in.get(f"/account/memories/{shelf.memories['Soup']}/edit")
    signed_in.submit(other, press="Save", text="Theirs.")
    answer = signed_in.submit(page, press="Save", text="Mine.")
    assert answer.status_code == 409 and "Somebody changed this memory" in answer.text
    assert "Theirs." in answer.text and "Mine.</textarea>" in answer.text
    assert in_database(lambda session: session.get_one(Memory, shelf.memories["Soup"]).text) == "Theirs."
    signed_in.submit(answer, press="Save")
    assert in_database(lambda session: session.get_one(Memory, shelf.memories["Soup"]).text) == "Mine."


def test_what_was_written_of_a_memory_that_is_gone_becomes_a_note(signed_in, shelf):
    path = f"/account/memories/{shelf.memories['Soup']}/"
    page = signed_in.get(path + "edit")
    signed_in.submit(signed_in.get(path + "delete"), press="Delete this memory")
    page = signed_in.submit(page, press="Save", title="", text="An hour's work.")
    assert page.status_code == 404 and "This memory is not there any more" in page.text.split('role="alert"')[1]
    kept = signed_in.follow(signed_in.submit(page, press="Keep the note"))
    assert "The note is kept." in kept.text and "An hour&#39;s work." in kept.text


def test_deleting_asks_once_says_who_loses_it_and_leaves_nothing(signed_in, connected, shelf):
    path = f"/account/memories/{shelf.memories['Soup']}/"
    asked = signed_in.follow(signed_in.get(path + "delete"))
    assert "cannot be undone" in asked.text and "Acme Notebook" in asked.text
    assert sees(connected, shelf.memories["Soup"])
    page = signed_in.follow(signed_in.submit(asked, press="Delete this memory"))
    assert "is deleted." in page.text and "Soup" not in titles(page)
    assert signed_in.get(path).status_code == 404 and not sees(connected, shelf.memories["Soup"])
    assert post(signed_in, path + "edit", {"text": "Back"}).status_code == 404


def test_what_an_app_changed_of_it_is_forgotten_with_it(signed_in, connect, notebook, shelf, in_database):
    app = connect(notebook, shelf.mementos["Recipes"])
    added = call(app, "POST", "memories/", json={"title": "Rye", "text": "Flour."}).json
    path = f"/account/memories/{added['id']}/"
    assert "Acme Notebook</bdi> has added it." in signed_in.get(path).text
    call(app, "PATCH", f"memories/{added['id']}/", json={"text": "Water."})
    assert in_database(lambda session: session.scalar(select(func.count()).select_from(AppChange)))
    signed_in.submit(signed_in.get(path + "delete"), press="Delete this memory")
    assert not in_database(lambda session: session.scalar(select(func.count()).select_from(AppChange)))


def test_a_copy_says_that_it_is_one(signed_in, shelf, in_database):
    def sync(session) -> None:
        session.get_one(Integration, shelf.integrations["Drive"]).last_synced_at = clock.now()
        session.commit()

    assert "It is a copy" not in signed_in.get(f"/account/memories/{shelf.memories['Soup']}/").text
    in_database(sync)
    assert "It is a copy" in signed_in.get(f"/account/memories/{shelf.memories['Soup']}/").text


def test_what_somebody_wrote_is_text_and_no_markup(signed_in):
    page = write(signed_in, title="<b>x</b>", text="<script>alert(1)</script>", tags="<i>", folder="<u>")
    for one in (page, signed_in.get("/account/memories/"), signed_in.get(f"{page.request.path}edit")):
        assert "<script>alert" not in one.text and "<b>x" not in one.text and "<u>" not in one.text
