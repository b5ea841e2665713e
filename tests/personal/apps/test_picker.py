"""The picker in earnest, on both of its pages: a sum, a preview, a search, and a memento made out of one."""

import re

import pytest

from app.consents.choice import Choice
from app.consents.memory_setting import MemorySetting
from app.consents.memory_setting.changes import set_for_all
from app.consents.picker import sum_up
from app.database.session_connection import SessionConnection
from app.extensions import db
from app.memories.keeping_back import keep_back
from app.memories.models import Integration, Memento, MementoContent, Memory
from app.memories.picks import Pick
from tests.actors import Browser, find_form, find_forms
from tests.http.test_late_forms import signed_out
from tests.personal.conftest import post, stock


@pytest.fixture(params=["of a request", "of an account"])
def picker(request, signed_in, connected, shelf):
    """Either page, as it is opened."""
    if request.param == "of an account":
        return signed_in.get(connected.path + "mementos")
    summary = connected.integrator.start(signed_in, scope="integrations:write memories:read")
    return signed_in.get(re.search(r"/oauth/authorize/mementos\?request=\w+", summary.text)[0])


@pytest.fixture
def many(app, alice) -> list[str]:
    """Ten more mementos, each with one folder of its own."""
    with app.app_context():
        source = Integration(user_id=alice.id, kind="memory", name="Notes")
        db.session.add(source)
        db.session.flush()
        mementos = []
        for number in range(10):
            folder = f"Folder {number}"
            db.session.add(
                Memory(user_id=alice.id, integration_id=source.id, folder=folder, title=f"In {number}", text="Text")
            )
            content = MementoContent(integration_id=source.id, folder=folder)
            mementos.append(Memento(user_id=alice.id, name=f"Project {number}", contents=[content]))
        db.session.add_all(mementos)
        db.session.commit()
        return [memento.id for memento in mementos]


def offered(page) -> list[str]:
    """The ids of the mementos that can be ticked, in their order."""
    return find_form(page, names=["selection"]).choices.get("memento_ids", [])


def footer(page) -> str:
    return page.text.split('id="seen"')[1]


def press(browser, page, button: str, **fields):
    return browser.submit(page, press=button, **fields)


def test_it_sums_up_without_a_script_what_is_ticked_and_names_the_newest_titles(signed_in, picker, shelf):
    """In both mementos are three memories; nothing is decided by looking."""
    page = press(
        signed_in, picker, "Preview what it will see", selection="selected", memento_ids=list(shelf.mementos.values())
    )
    assert page.status_code == 200
    assert "2 mementos · 3 memories" in footer(page) and "until I end it" in footer(page)
    for title in ("Soup", "Bread", "Loose leaf"):
        assert f"<li><bdi>{title}</bdi></li>" in footer(page)
    assert "Tiles" not in footer(page) and 'id="seen" autofocus role' in page.text
    assert dict(find_form(page, names=["selection"]).values)["selection"] == "selected"


def test_a_memory_in_two_mementos_counts_once(signed_in, app, alice, shelf):
    with app.app_context():
        bread = MementoContent(memory_id=shelf.memories["Bread"])
        again = Memento(user_id=alice.id, name="Bread again", contents=[bread])
        db.session.add(again)
        db.session.commit()
        ids = [again.id, shelf.mementos["Recipes"]]
        summed = sum_up(db.session(), alice.id, Choice("selected", dict.fromkeys(ids, False)), ())
        assert (summed.memento_count, summed.count, sorted(summed.titles)) == (2, 2, ["Bread", "Soup"])


def test_the_script_is_told_the_same(signed_in, shelf):
    data = {"selection": "selected", "memento_ids": list(shelf.mementos.values())}
    told = post(signed_in, "/account/mementos/preview", data)
    assert "2 mementos · 3 memories" in told.text and "<bdi>Loose leaf</bdi>" in told.text
    told = post(signed_in, "/account/mementos/preview", {"selection": "all"})
    assert "Everything · 7 memories" in told.text
    # Ticked, and no choice of how much yet: it means only what is ticked.
    told = post(signed_in, "/account/mementos/preview", {"memento_ids": [shelf.mementos["Diary"]]})
    assert "1 memento · 1 memory" in told.text


@pytest.mark.parametrize("id", ["mem_unknown", "\x00", "x" * 5000])
def test_of_a_memento_that_is_not_hers_no_sum_is_told(signed_in, shelf, id):
    data = {"selection": "selected", "memento_ids": [id, shelf.mementos["Diary"]]}
    assert post(signed_in, "/account/mementos/preview", data).status_code == 404


@pytest.mark.parametrize("never_shared", [None, "Soup"])
def test_the_sum_and_the_preview_are_those_of_the_api(signed_in, connected, shelf, alice, in_database, never_shared):
    """What she reads before is what the app is told afterwards; what she never shares is in neither, and counted."""
    if never_shared:
        pick = Pick(memory_id=shelf.memories[never_shared])
        in_database(lambda session: (keep_back(session, alice.id, pick), session.commit()))
    ids = list(shelf.mementos.values())
    page = signed_in.submit(signed_in.get(connected.path + "mementos"), selection="selected", memento_ids=ids)
    signed_in.submit(page, press="Apply")
    listed = connected.integrator.me(connected.access_token, "/api/v1/memories/").json
    told = post(signed_in, "/account/mementos/preview", {"selection": "selected", "memento_ids": ids}).text
    titles = [memory["title"] for memory in listed["data"]]
    assert f"{len(titles)} memories" in told and len(titles) == (2 if never_shared else 3)
    assert (" · 1 kept back" in told) == bool(never_shared)
    assert re.findall(r"<li><bdi>(.*?)</bdi>", told) == titles


def test_a_long_list_begins_with_what_is_ticked_and_can_be_searched_without_a_script(signed_in, connected, many, shelf):
    page = signed_in.get(connected.path + "mementos")
    assert offered(page)[0] == shelf.mementos["Recipes"] and len(offered(page)) == 12
    page = press(signed_in, page, "Find", sought="project 7")
    # What is ticked is shown in any case: nobody shares what they do not see.
    assert offered(page) == [shelf.mementos["Recipes"], many[7]]
    page = press(signed_in, page, "Find", sought="no such thing", memento_ids=[many[7]])
    assert offered(page) == [many[7]]
    # Enter goes by the form's first button; what was typed is meant.
    page = press(signed_in, page, "See what changes", sought="")
    assert len(offered(page)) == 12 and offered(page)[0] == many[7]
    page = press(signed_in, page, "See what changes")
    assert "Project 7" in page.text and "It gains" in page.text


def test_a_memento_is_made_out_of_a_search_on_either_page(signed_in, picker, in_database, shelf):
    """She searches, leaves one out, names it; it is ticked beside what was ticked before, and holds just that, by id."""
    page = press(
        signed_in, picker, "Search", new_words="about", memento_ids=[shelf.mementos["Diary"]], selection="selected"
    )
    found = find_form(page, names=["new_memory_ids"])
    ticked = [value for name, value in found.values if name == "new_memory_ids"]
    assert sorted(ticked) == sorted(shelf.memories.values()) and "7 memories found" in page.text
    ticked.remove(shelf.memories["Tiles"])
    page = press(signed_in, page, "Preview what it will see", new_memory_ids=ticked)
    again = [value for name, value in find_form(page, names=["new_memory_ids"]).values if name == "new_memory_ids"]
    assert sorted(again) == sorted(ticked)
    page = press(signed_in, page, "Make this memento", new_name="About")
    assert page.status_code == 200, page.text
    (made,) = in_database(lambda session: [one.id for one in session.query(Memento).filter_by(name="About")])
    chosen = [value for name, value in find_form(page, names=["selection"]).values if name == "memento_ids"]
    assert {made, shelf.mementos["Diary"]} <= set(chosen)
    held = in_database(
        lambda session: {one.memory_id for one in session.query(MementoContent).filter_by(memento_id=made)}
    )
    assert held == set(ticked)


def test_words_that_were_only_typed_are_looked_for_first(signed_in, picker, in_database):
    page = press(signed_in, picker, find_form(picker, names=["selection"]).buttons[0].text, new_words="soup")
    assert "1 memory found" in page.text and "<bdi>Soup</bdi>" in page.text


def test_nothing_found_makes_no_memento(signed_in, picker, in_database):
    page = press(signed_in, picker, "Search", new_words="zeppelin")
    assert "Nothing of yours has all these words" in page.text
    page = press(signed_in, page, "Make this memento", new_name="Zeppelins")
    assert page.status_code == 422 and "Tick at least one" in page.text.split('role="alert"')[1]
    assert in_database(lambda session: session.query(Memento).filter_by(name="Zeppelins").count()) == 0


def test_a_found_memory_that_is_somebody_elses_goes_into_no_memento(signed_in, picker, app, carol, in_database):
    theirs = stock(app, carol.id).memories["Soup"]
    page = press(signed_in, picker, "Search", new_words="soup")
    page = press(signed_in, page, "Make this memento", new_name="Soups", new_memory_ids=[theirs])
    assert page.status_code == 422 and theirs not in page.text
    assert in_database(lambda session: session.query(Memento).filter_by(name="Soups").count()) == 0


def test_who_keeps_nothing_is_offered_what_there_is_to_choose(app, carol, notebook):
    browser = Browser(app)
    browser.enter(carol)
    page = notebook.start(browser, scope="memories:read")
    (form,) = [form for form in find_forms(page.text) if "selection" in form.choices]
    assert form.choices["selection"] == ["all", "none"]
    assert "ticked" not in page.text and "You keep nothing here yet" in page.text


def test_who_keeps_nothing_is_led_to_a_first_note_and_back(app, carol, notebook):
    browser = Browser(app)
    browser.enter(carol)
    page = notebook.start(browser, scope="memories:read")
    assert re.search(r'class="button secondary" href="/account/memories/new" target="_blank" rel="noopener"', page.text)
    stock(app, carol.id)
    page = browser.submit(page, press="Look again")
    assert len(offered(page)) == 2 and "You keep nothing here yet" not in page.text


def test_both_screens_list_the_same_in_the_same_order(connected, signed_in, notebook):
    """What the app asks for now, and what it was allowed before and keeps."""
    summary = connected.integrator.start(signed_in, scope="integrations:write memories:read")
    picker = signed_in.get(re.search(r"/oauth/authorize/mementos\?request=\w+", summary.text)[0])

    def listed(page) -> list[str]:
        part = page.text.split("What it may do</h2>")[1].split("</ul>")[0]
        return [re.sub(r"<.*", "", one).strip() for one in re.findall(r"<li>(.*?)</li>", part)]

    assert listed(picker) == listed(summary) and len(listed(picker)) >= 4


@pytest.mark.parametrize("setting", [MemorySetting(reads_own=False), MemorySetting(reads_apps=False)])
def test_the_sum_leaves_out_what_the_memory_setting_takes_away(
    signed_in, connected, saved, alice, in_database, setting
):
    """On the page, for its script, and at the API it is one number."""
    in_database(lambda session: (set_for_all(SessionConnection(session), alice.id, setting), session.commit()))
    page = signed_in.get(connected.path + "mementos")
    page = press(signed_in, page, "Preview what it will see", selection="all", memento_ids=[])
    told = re.search(r"Everything · (\d+) memories", footer(page))[1]
    url = re.search(r'data-preview-url="([^"]+)"', page.text)[1].replace("&amp;", "&")
    assert f"Everything · {told} memories" in post(signed_in, url, {"selection": "all"}).text
    page = signed_in.submit(signed_in.get(connected.path + "mementos"), selection="all", memento_ids=[])
    signed_in.submit(page, press="Apply")
    listed = connected.integrator.me(connected.access_token, "/api/v1/memories/?limit=100").json["data"]
    assert len(listed) == int(told)


def test_ticks_for_a_connected_app_outlast_a_session_that_ends_meanwhile(app, many, connected, signed_in, alice):
    """There may be hundreds of them."""

    def send_late(page, **sent):
        signed_out(app)
        late = signed_in.submit(page, **sent)
        assert late.status_code == 403 and "Sign in in another tab" in late.text
        signed_in.sign_in(alice.email, alice.password)
        return signed_in.submit(signed_in.submit(late, press="Go on"), press="Send it again")

    page = signed_in.get(connected.path + "mementos")
    page = send_late(page, press="See what changes", selection="selected", memento_ids=many[:3])
    assert all(f"Project {number}" in page.text for number in range(3)) and "Project 3" not in page.text
    assert "Changed." in signed_in.follow(send_late(page, press="Apply")).text
