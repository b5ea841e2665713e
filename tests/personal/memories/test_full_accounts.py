"""A full account on its person's pages: what was typed stays, what comes in stops there, and it is told what to do."""

import re

from tests.personal.bringing.conftest import bring
from tests.personal.conftest import post
from tests.totals import bound, demand_counted

__all__ = ["bound"]

_NEW = "/account/memories/new"


def test_a_note_too_many_is_not_kept_and_stays_in_its_form(app, signed_in, bound):
    bound(memories=1)
    assert signed_in.submit(signed_in.get(_NEW), title="One", text="1").status_code == 303
    page = signed_in.submit(signed_in.get(_NEW), title="Two", text="An hour of words.", tags="kept")
    assert page.status_code == 422 and "No more than 1 memories are kept" in page.text
    assert "An hour of words." in page.text and 'value="Two"' in page.text and 'value="kept"' in page.text
    assert demand_counted(app)[0] == 1
    first = re.search(r"/account/memories/(mry_\w+)/", signed_in.get("/account/memories/").text)[1]
    assert post(signed_in, f"/account/memories/{first}/delete").status_code == 303
    assert signed_in.submit(page, press="Keep the note").status_code == 303, "The form that was kept is sent again."


def test_nor_is_a_change_that_makes_it_too_long(app, signed_in, bound):
    bound(megabytes=1)
    for number in range(4):
        signed_in.submit(signed_in.get(_NEW), title=f"N{number}", text="é" * 100_000)
    path = signed_in.submit(signed_in.get(_NEW), title="Short", text="x").location
    page = signed_in.submit(signed_in.get(path + "edit"), text="🥪" * 99_999)
    assert page.status_code == 422 and "1 MB of text" in page.text and "🥪" * 99_999 in page.text
    assert demand_counted(app) == (5, 800_001)


def test_what_is_brought_comes_in_until_it_is_full(app, signed_in, bound, monkeypatch):
    monkeypatch.setattr("app.memories.importing.work._MOST_AT_ONCE", 1)
    bound(memories=2)
    page = bring(signed_in, *((f"{number}.md", f"Words {number}.") for number in range(4)))
    assert "Not all of it came in" in page.text and re.search(r"2 memories of .*have come in, and no more", page.text)
    assert "No more than 2 memories" in page.text and demand_counted(app)[0] == 2
    bound(memories=9)
    page = bring(signed_in, *((f"{number}.md", f"Words {number}.") for number in range(4)))
    assert demand_counted(app)[0] == 4


def test_what_an_app_deleted_does_not_come_back_where_there_is_no_room(app, signed_in, shelf, connect, notebook, bound):
    whole = {"selection": "selected", "memento_ids": [shelf.mementos["Recipes"]]}
    connected = connect(notebook, **whole, writable_ids=[shelf.mementos["Recipes"]])
    headers = {"Authorization": f"Bearer {connected.access_token}"}
    gone = app.test_client().delete(f"/api/v1/memories/{shelf.memories['Bread']}/", headers=headers)
    assert gone.status_code == 204
    signed_in.submit(signed_in.get(_NEW), title="Note", text="1")
    assert demand_counted(app)[0] == 7
    bound(memories=7)
    asked = signed_in.get(
        re.search(r'href="(/account/activity/undo/\d+)"', signed_in.get("/account/activity/undo/").text)[1]
    )
    page = signed_in.follow(signed_in.submit(asked, press="Bring it back"))
    assert "Nothing was undone. No more than 7 memories" in page.text and demand_counted(app)[0] == 7
    bound()
    signed_in.submit(asked, press="Bring it back")
    assert demand_counted(app)[0] == 8


def test_what_is_undone_makes_room_for_what_comes_back_by_it(app, signed_in, shelf, connect, notebook, bound):
    whole = {"selection": "selected", "memento_ids": [shelf.mementos["Recipes"]]}
    connected = connect(notebook, **whole, writable_ids=[shelf.mementos["Recipes"]])
    headers = {"Authorization": f"Bearer {connected.access_token}"}
    client = app.test_client()
    assert client.delete(f"/api/v1/memories/{shelf.memories['Bread']}/", headers=headers).status_code == 204
    assert client.post("/api/v1/memories/", json={"title": "M", "text": "x"}, headers=headers).status_code == 201
    assert demand_counted(app)[0] == 7
    bound(memories=7)
    page = signed_in.get("/account/activity/undo/since")
    assert "2 changes are undone" in signed_in.follow(signed_in.submit(page, press="Undo all of this")).text
    assert demand_counted(app)[0] == 7


def test_what_apps_saved_is_counted_when_it_goes(app, signed_in, connect, notebook):
    connected = connect(notebook, selection="none")
    headers = {"Authorization": f"Bearer {connected.access_token}"}
    for number in range(3):
        memory = {"title": f"M{number}", "text": "x"}
        assert app.test_client().post("/api/v1/memories/", json=memory, headers=headers).status_code == 201
    saved = re.search(r'href="(/account/mementos/mem_\w+/)"', signed_in.get("/account/mementos/").text)[1]
    first = re.search(r'value="(mry_\w+)"', signed_in.get(saved).text)[1]
    post(signed_in, saved + "prune", {"memory_ids": first, "action": "delete"})
    assert demand_counted(app) == (2, 2)
    post(signed_in, saved + "delete", {"memories": "too"})
    assert demand_counted(app) == (0, 0)


def test_and_what_an_app_added_when_it_is_ended(app, signed_in, connect, notebook):
    connected = connect(notebook, selection="none")
    headers = {"Authorization": f"Bearer {connected.access_token}"}
    app.test_client().post("/api/v1/memories/", json={"title": "M", "text": "x"}, headers=headers)
    assert demand_counted(app) == (1, 1)
    assert signed_in.end_app(connected.grant_id, memories="delete").status_code == 303
    assert demand_counted(app) == (0, 0)


def test_a_memento_too_many_is_refused_and_its_ticks_stay(signed_in, shelf, in_database, monkeypatch):
    count = "app.memories.mementos.MOST_OF_PERSON"
    monkeypatch.setattr(count, 2)
    drive = f"i:{shelf.integrations['Drive']}"
    made = {"name": "Third", "shown": drive, "pick": drive, "action": "save"}
    page = post(signed_in, "/account/mementos/new", made)
    assert page.status_code == 422 and "No more than 2 mementos are kept" in page.text and "Third" in page.text
    recipes = f"/account/mementos/{shelf.mementos['Recipes']}/"
    page = signed_in.follow(post(signed_in, recipes + "duplicate"))
    assert "No more than 2 mementos are kept" in page.text
    assert post(signed_in, recipes + "edit", made | {"name": "Recipes"}).status_code == 303, "It is none more."
    monkeypatch.setattr(count, 3)
    assert post(signed_in, "/account/mementos/new", made).status_code == 303
