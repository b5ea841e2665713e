"""What an app wrote can be undone: one thing, or all since a moment, and what somebody changed since is asked about."""

import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from sqlalchemy import select

from app import clock
from app.consents.undo.models import AppChange
from app.extensions import db
from app.memories.models import Integration, Memento, MementoContent, Memory
from tests.personal.activity.conftest import items, words
from tests.personal.conftest import post
from tests.purging import purge
from tests.tables import each

UNDO = "/account/activity/undo/"


@pytest.fixture
def connected(connect, notebook, shelf):
    """Acme Notebook, which may change what is in Alice's recipes."""
    return connect(
        notebook,
        selection="selected",
        memento_ids=[shelf.mementos["Recipes"]],
        writable_ids=[shelf.mementos["Recipes"]],
    )


@pytest.fixture
def state(in_database):
    """All that Alice keeps, by what a person could see of it."""

    def ask(session) -> dict:
        memories = {
            one.id: (one.title, one.text, one.folder, one.source_url, tuple(sorted(tag.tag for tag in one.tags)),
                     one.integration_id, one.created_at)
            for one in session.scalars(select(Memory))
        }  # fmt: skip
        sources = {one.id: (one.name, one.kind) for one in session.scalars(select(Integration))}
        columns = (
            MementoContent.memento_id,
            MementoContent.integration_id,
            MementoContent.folder,
            MementoContent.memory_id,
        )
        picks = sorted(map(repr, session.execute(select(*columns)).all()))
        return {"memories": memories, "sources": sources, "picks": picks}

    return lambda: in_database(ask)


@pytest.fixture
def undo(signed_in):
    """Undo the change of this place in the list, the latest first, by what the page offers."""

    def undo(place: int = 0, **ticks):
        page = signed_in.get(UNDO)
        links = re.findall(r'href="(/account/activity/undo/\d+)"', page.text)
        asked = signed_in.get(links[place])
        button = re.search(r'<button type="submit"[^>]*>(Delete it|Bring it back|Put it back as it was)<', asked.text)
        return asked, signed_in.submit(asked, press=button[1], **ticks)

    return undo


def since(moment, **query) -> str:
    return UNDO + f"since?moment={quote(moment.isoformat())}" + "".join(f"&{name}={one}" for name, one in query.items())


def test_where_nothing_was_written_the_page_leads_on(signed_in, connected):
    page = signed_in.get(UNDO).text
    assert "Nothing to undo" in page and 'href="/account/apps/"' in page


def test_each_thing_that_an_app_wrote_stands_under_its_day(signed_in, shelf, call):
    note = call("POST", "memories/", {"title": "Note", "text": "x"})["id"]
    call("PATCH", f"memories/{shelf.memories['Soup']}/", {"title": "Stew"})
    call("DELETE", f"memories/{shelf.memories['Bread']}/")
    found = items(signed_in.get(UNDO))
    assert [re.sub(r" \d+ \w+ \d+, .*", "", one) for one in found] == [
        "Bread Acme Notebook deleted it",
        "Stew Acme Notebook changed it",
        "Note Acme Notebook added it",
    ]
    post(signed_in, f"/account/memories/{note}/delete")
    assert len(items(signed_in.get(UNDO))) == 2


def test_a_deleted_memory_comes_back_as_it_was_and_into_its_mementos(signed_in, shelf, call, state, undo, in_database):
    bread = shelf.memories["Bread"]

    def pick(session):
        session.add(MementoContent(memento_id=shelf.mementos["Diary"], memory_id=bread))
        session.commit()

    in_database(pick)
    before = state()
    call("DELETE", f"memories/{bread}/")
    assert state() != before
    asked, answer = undo()
    assert "Bring “ Bread ” back?" in words(asked.text)
    assert answer.status_code == 303 and state() == before
    assert call("GET", f"memories/{bread}/")["title"] == "Bread"
    assert call("GET", "memories/", q="bread")["data"][0]["id"] == bread
    assert "You undid that" in signed_in.get(UNDO).text


def test_what_was_changed_before_it_was_deleted_comes_back_into_its_mementos_too(
    signed_in, shelf, call, state, undo, in_database, pass_minutes
):
    """The mementos that named it are those of its deletion, and its words those of before the change."""

    def name_it(session) -> None:
        session.add(MementoContent(memento_id=shelf.mementos["Diary"], memory_id=shelf.memories["Soup"]))
        session.commit()

    in_database(name_it)
    before = state()
    call("PATCH", f"memories/{shelf.memories['Soup']}/", {"title": "Broth"})
    pass_minutes(11)
    call("DELETE", f"memories/{shelf.memories['Soup']}/")
    undo(1)
    assert state() == before


def test_a_changed_memory_gets_back_what_it_had(shelf, call, state, undo):
    before = state()
    change = {"title": "Rye", "text": "Flour.", "tags": ["a"], "folder": "Recipes", "source_url": "https://a.example/"}
    call("PATCH", f"memories/{shelf.memories['Bread']}/", change)
    asked, _ = undo()
    assert "About Bread." in asked.text and "was changed since" not in asked.text
    assert state() == before


def test_an_added_memory_is_deleted_and_then_gone(signed_in, call, state, undo):
    call("POST", "memories/", {"title": "Note", "text": "The app's words."})
    asked, _ = undo()
    assert "delete it for good" in asked.text
    assert "Note" not in {one[0] for one in state()["memories"].values()}
    assert "A memory that you have deleted" in signed_in.get(UNDO).text


def test_undoing_takes_what_the_app_did_after_that_along(shelf, call, state, undo, pass_minutes):
    before = state()
    for title in ("Rye", "Oat", "Spelt"):
        pass_minutes(15)
        call("PATCH", f"memories/{shelf.memories['Bread']}/", {"title": title})
    asked, _ = undo(2)
    assert "after that is undone too" in asked.text and state() == before


def test_what_the_person_changed_since_is_asked_about(signed_in, shelf, call, state, undo, in_database, pass_minutes):
    bread, soup = shelf.memories["Bread"], shelf.memories["Soup"]
    begin = clock.now()
    for id in (bread, soup):
        call("PATCH", f"memories/{id}/", {"title": "The app's"})
    pass_minutes(1)

    def edit(session):
        session.get_one(Memory, bread).text = "My own words."
        session.commit()

    in_database(edit)
    page = signed_in.get(since(begin))
    assert "changed since by you or its source" in page.text
    signed_in.submit(page, press="Undo all of this")
    assert state()["memories"][soup][0] == "Soup" and state()["memories"][bread][1] == "My own words."
    asked = signed_in.get(re.search(r'href="(/account/activity/undo/\d+)"', signed_in.get(UNDO).text)[1])
    assert "changed since, by you or by its source" in asked.text
    signed_in.submit(asked, press="Put it back as it was")
    assert state()["memories"][bread][:2] == ("Bread", "About Bread.")


def test_a_tick_undoes_also_what_was_changed_since(signed_in, shelf, call, state, in_database, pass_minutes):
    before, begin = state(), clock.now()
    call("PATCH", f"memories/{shelf.memories['Bread']}/", {"title": "The app's"})
    pass_minutes(1)

    def edit(session):
        session.get_one(Memory, shelf.memories["Bread"]).text = "My own words."
        session.commit()

    in_database(edit)
    # And the app once more: what is there now is the app's, and yet the person's words lie between.
    pass_minutes(1)
    call("PATCH", f"memories/{shelf.memories['Bread']}/", {"title": "Again"})
    page = signed_in.get(since(begin))
    (tick,) = re.findall(r'name="also" value="(\d+)"', page.text)
    signed_in.submit(page, press="Undo all of this", also=tick)
    assert state() == before


def test_what_another_app_changed_since_is_told_by_its_name(
    signed_in, connect, connected, pocket, shelf, call, pass_minutes
):
    recipes = shelf.mementos["Recipes"]
    other = connect(pocket, selection="selected", memento_ids=[recipes], writable_ids=[recipes])
    begin = clock.now()
    call("PATCH", f"memories/{shelf.memories['Bread']}/", {"title": "First"})
    pass_minutes(1)
    call("PATCH", f"memories/{shelf.memories['Bread']}/", {"title": "Second"}, token=other.access_token)
    page = words(signed_in.get(since(begin, app=connected.grant_id)).text)
    assert "changed since by Acme Pocket" in page and "by you" not in page
    # Of all apps together nobody else changed anything.
    assert "changed since by" not in signed_in.get(since(begin)).text


@pytest.fixture
def keeper(app, alice, connect, connected, shelf):
    """The same app, which looks after Alice's Drive: it may change and delete all that is in it."""
    with app.app_context():
        contents = [MementoContent(integration_id=shelf.integrations["Drive"])]
        memento = Memento(user_id=alice.id, name="Drive", contents=contents)
        db.session.add(memento)
        db.session.commit()
        ticked = {"memento_ids": [memento.id], "writable_ids": [memento.id]}
    scope = "memories:read memories:write integrations:read integrations:write"
    return connect(connected.integrator, scope=scope, selection="selected", **ticked)


def test_a_whole_source_comes_back(signed_in, keeper, shelf, state, call):
    before = state()
    begin = clock.now()
    drive = shelf.integrations["Drive"]
    call("PATCH", f"integrations/{drive}/", {"name": "Theirs"}, token=keeper.access_token)
    call("DELETE", f"integrations/{drive}/", token=keeper.access_token)
    assert state() != before
    page = signed_in.get(since(begin))
    assert "Comes back" in page.text
    signed_in.submit(page, press="Undo all of this")
    assert state() == before


def test_a_source_that_an_app_has_renamed_gets_its_name_back(signed_in, keeper, shelf, state, call):
    before = state()
    begin = clock.now()
    call("PATCH", f"integrations/{shelf.integrations['Drive']}/", {"name": "Theirs"}, token=keeper.access_token)
    assert state() != before
    page = signed_in.get(since(begin))
    assert "Comes back" not in page.text
    signed_in.submit(page, press="Undo all of this")
    assert state() == before


def test_and_by_itself_no_other_source_does(keeper, shelf, state, call, undo):
    drive, key = shelf.integrations["Drive"], keeper.access_token
    made = call("POST", "integrations/", {"kind": "gmail", "name": "Mail"}, token=key)["id"]
    for id in (drive, made):
        call("PATCH", f"integrations/{id}/", {"name": "Theirs"}, token=key)
    undo(1)
    assert [state()["sources"][id][0] for id in (drive, made)] == ["Drive", "Theirs"]


def test_a_source_comes_back_with_its_memories_by_one_button(signed_in, keeper, shelf, state, call, undo):
    before = state()
    call("DELETE", f"integrations/{shelf.integrations['Drive']}/", token=keeper.access_token)
    (one,) = items(signed_in.get(UNDO))
    assert one.startswith("The source “ Drive ” with 4 memories")
    asked, _ = undo()
    assert "4 memories that were in it come back too" in words(asked.text)
    assert state() == before


def test_what_changes_between_the_page_and_the_button_is_shown_once_more(signed_in, shelf, call, state, pass_minutes):
    begin = clock.now()
    call("PATCH", f"memories/{shelf.memories['Bread']}/", {"title": "Rye"})
    page = signed_in.get(since(begin))
    one = signed_in.get(re.search(r'href="(/account/activity/undo/\d+)"', signed_in.get(UNDO).text)[1])
    pass_minutes(20)
    call("PATCH", f"memories/{shelf.memories['Bread']}/", {"title": "Oat"})
    before = state()
    for asked, button in ((page, "Undo all of this"), (one, "Put it back as it was")):
        again = signed_in.submit(asked, press=button)
        assert again.status_code == 200 and "Look at it once more" in again.text
    assert state() == before


def test_twice_is_once(signed_in, shelf, call, undo, state):
    call("DELETE", f"memories/{shelf.memories['Bread']}/")
    asked, _ = undo()
    before = state()
    assert signed_in.submit(asked, press="Bring it back").status_code in (200, 303)
    assert state() == before


def test_more_than_fits_into_one_transaction_is_undone_in_several(signed_in, call, state, monkeypatch):
    monkeypatch.setattr("app.personal.activity.undo_views.MOST_AT_ONCE", 2)
    before, begin = state(), clock.now()
    call("POST", "memories/bulk/", {"memories": [{"title": f"Note {number}", "text": "x"} for number in range(5)]})
    for left in (3, 1, 0):
        signed_in.submit(signed_in.get(since(begin)), press="Undo all of this")
        assert len(state()["memories"]) - len(before["memories"]) == left
    assert "nothing to undo since then" in signed_in.get(since(begin)).text


def test_what_is_kept_goes_after_thirty_days(app, signed_in, shelf, call, in_database, monkeypatch):
    call("DELETE", f"memories/{shelf.memories['Bread']}/")
    later = clock.now() + timedelta(days=31)
    assert purge(app)["app_changes"] == 0
    monkeypatch.setattr("app.clock.now", lambda: later)
    assert purge(app)["app_changes"] == 1
    assert in_database(lambda session: session.scalars(select(AppChange)).all()) == []


def test_what_the_person_deletes_with_a_memento_or_by_ticks_is_gone(signed_in, connected, call, in_database):
    ids = [call("POST", "memories/", {"title": title, "text": "x"})["id"] for title in ("One", "Two")]
    (saved,) = in_database(
        lambda session: session.scalars(select(Memento.id).where(Memento.name.like("Saved by%"))).all()
    )
    post(signed_in, f"/account/mementos/{saved}/prune", {"memory_ids": ids[0], "action": "delete"})
    left = select(AppChange.memory_id)
    assert in_database(lambda session: session.scalars(left).all()) == [ids[1]]
    post(signed_in, f"/account/mementos/{saved}/delete", {"memories": "too"})
    assert in_database(lambda session: session.scalars(left).all()) == []


@each("moment", ["", "x", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+14:00", "2026-13-01"])
def test_a_moment_that_is_none_is_no_error(signed_in, shelf, call, moment):
    call("DELETE", f"memories/{shelf.memories['Bread']}/")
    assert signed_in.get(UNDO + f"since?moment={quote(moment)}").status_code == 200


@each("id", ["0", "x", "9" * 30, "-1", "²", "1.0"])
def test_what_was_never_kept_is_not_there(signed_in, shelf, call, id):
    call("DELETE", f"memories/{shelf.memories['Bread']}/")
    assert signed_in.get(UNDO + quote(id)).status_code == 404
