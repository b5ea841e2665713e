"""Ending an app: asked about once, with what becomes of the memories it added; what it did stays where it was."""

import pytest
from sqlalchemy import select

from app.consents.models import Consent
from app.consents.saved import SavedMemento
from app.consents.undo.models import AppChange
from app.memories.models import Integration, Memento, Memory
from tests.api.conftest import Caller
from tests.personal.conftest import SCOPE, post


@pytest.fixture
def kept(in_database):
    """Titles of all memories, and names of all integrations and mementos."""

    def read(session):
        return (
            set(session.scalars(select(Memory.title))),
            set(session.scalars(select(Integration.name))),
            set(session.scalars(select(Memento.name))),
        )

    return lambda: in_database(read)


@pytest.fixture
def caller(app, connected) -> Caller:
    return Caller(app, connected.access_token, connected.grant_id, connected.refresh_token)


def ask(browser, connected):
    return browser.get(connected.path + "disconnect")


def test_a_card_and_the_apps_page_lead_to_one_question(signed_in, connected):
    for path in ("/account/", "/account/apps/", connected.path):
        assert f'href="{connected.path}disconnect">End Acme Notebook</a>' in signed_in.get(path).text
    page = ask(signed_in, connected)
    assert "<h1>End <bdi>Acme Notebook</bdi>?</h1>" in page.text and "It has added no memories." in page.text
    assert connected.is_alive()


def test_a_press_on_a_page_of_the_version_before_is_asked_about_too(signed_in, connected):
    page = post(signed_in, connected.path + "disconnect")
    assert page.status_code == 200 and "End <bdi>Acme Notebook</bdi>?" in page.text
    assert connected.is_alive()


def test_what_it_added_is_kept_unless_one_says_otherwise(signed_in, connected, saved, kept):
    before = kept()
    page = ask(signed_in, connected)
    assert "Keep the 2 memories it added" in page.text and "Delete the 2 memories it added" in page.text
    signed_in.submit(page, press="End Acme Notebook")
    assert not connected.is_alive() and kept() == before


def test_what_it_added_goes_with_its_source_and_its_memento(signed_in, connected, saved, kept, in_database):
    titles, sources, mementos = kept()
    page = signed_in.submit(ask(signed_in, connected), press="End Acme Notebook", memories="delete")
    assert "The 2 memories it added are deleted." in signed_in.follow(page).text
    assert kept() == (
        titles - {"Draft one", "Draft two"},
        sources - {"Saved by Acme Notebook"},
        mementos - {"Saved by Acme Notebook"},
    )
    assert in_database(lambda session: session.scalars(select(SavedMemento)).all()) == []
    assert not connected.is_alive()


def test_what_it_put_into_sources_of_its_own_goes_too(app, signed_in, connect, notebook, shelf, kept):
    connected = connect(notebook, shelf.mementos["Recipes"], scope=f"{SCOPE} integrations:write")
    caller, titles = Caller(app, connected.access_token, connected.grant_id, connected.refresh_token), kept()[0]
    caller.post("memories/", {"title": "Rye", "text": "Flour."})
    source = caller.post("integrations/", {"kind": "slack", "name": "Its own"}).json["id"]
    caller.post("memories/", {"title": "Hello there", "text": "Hi.", "integration_id": source})
    page = ask(signed_in, connected)
    assert "Delete the 2 memories it added" in page.text
    signed_in.submit(page, press="End Acme Notebook", memories="delete")
    assert kept() == (titles, {"Drive", "Slack"}, {"Recipes", "Diary"})


def test_what_could_be_undone_of_it_is_gone_too(signed_in, connected, caller, in_database):
    """Nothing brings back what the person deleted; what the app did elsewhere can still be undone."""
    one = caller.post("memories/", {"title": "Rye", "text": "Flour."}).json["id"]
    caller.patch(f"memories/{one}/", {"text": "Water."})
    caller.delete(f"memories/{caller.post('memories/', {'title': 'Oats', 'text': 'x'}).json['id']}/")
    assert len(in_database(lambda session: session.scalars(select(AppChange)).all())) >= 2
    signed_in.submit(ask(signed_in, connected), press="End Acme Notebook", memories="delete")
    assert in_database(lambda session: session.scalars(select(AppChange)).all()) == []


def test_what_another_installation_added_stays(app, signed_in, connected, saved, connect, pocket, kept):
    other = connect(pocket, selection="none")
    caller = Caller(app, other.access_token, other.grant_id, other.refresh_token)
    caller.post("memories/", {"title": "Theirs", "text": "x"})
    signed_in.submit(ask(signed_in, connected), press="End Acme Notebook", memories="delete")
    titles = kept()[0]
    assert "Theirs" in titles and "Draft one" not in titles
    assert other.is_alive()


def test_what_the_person_changed_or_moved_within_it_still_counts(signed_in, connected, saved, in_database, kept):
    def change(session):
        memory = session.get_one(Memory, saved.memories["Draft one"])
        memory.title, memory.folder = "My own words", "Sorted"
        session.get_one(Memory, saved.memories["Draft two"]).integration_id = next(
            iter(session.scalars(select(Integration.id).where(Integration.name == "Drive")))
        )
        session.commit()

    in_database(change)
    page = ask(signed_in, connected)
    assert "Delete the memory it added" in page.text and "It stays yours, in" in page.text
    signed_in.submit(page, press="End Acme Notebook", memories="delete")
    titles = kept()[0]
    assert "My own words" not in titles and "Draft two" in titles


def test_what_came_while_the_page_was_open_is_shown_first(signed_in, connected, saved, caller, kept):
    page = ask(signed_in, connected)
    caller.post("memories/", {"title": "Draft three", "text": "x"})
    page = signed_in.submit(page, press="End Acme Notebook", memories="delete")
    assert page.status_code == 422 and "Delete the 3 memories it added" in page.text
    assert connected.is_alive() and "Draft three" in kept()[0]


def test_one_that_ended_meanwhile_deletes_nothing(signed_in, connected, saved, kept):
    page = ask(signed_in, connected)
    signed_in.end_app(connected.grant_id)
    assert signed_in.submit(page, press="End Acme Notebook", memories="delete").status_code == 404
    assert "Draft one" in kept()[0]


def test_others_that_look_through_it_are_named(signed_in, connected, saved, connect, pocket):
    connect(pocket, saved.mementos["Saved by Acme Notebook"], scope="memories:read")
    assert "Acme Pocket</bdi></a> loses that at once." in ask(signed_in, connected).text


# -- apps that were connected --------------------------------------------------------------------


def test_an_app_that_was_connected_keeps_its_page_and_what_it_did(signed_in, connected, record, saved):
    record(5, "read", 3, Recipes=3)
    page = signed_in.follow(signed_in.end_app(connected.grant_id))
    assert f'<a href="{connected.path}"><bdi>Acme Notebook</bdi></a>' in page.text.split("Apps that were connected")[1]
    page = signed_in.get(connected.path).text
    for said in (
        "Not connected any more",
        "read and search the memories you choose",
        "Recipes",
        "it stays yours",
        "registered by <bdi>Acme</bdi>",
        f'href="{connected.path}activity"',
    ):
        assert said in page, said
    assert "<form" not in page.split("<main")[1]
    assert "Read 3 memories" in signed_in.get(connected.path + "activity").text


def test_one_without_any_record_is_there_too_however_long_ago(signed_in, connected, let_time_pass):
    signed_in.end_app(connected.grant_id)
    let_time_pass(days=1000)
    signed_in.enter(signed_in.person)
    assert connected.path in signed_in.get("/account/apps/").text
    assert connected.path in signed_in.get("/account/apps/ended").text


def test_nothing_can_be_done_to_it(signed_in, connected):
    signed_in.end_app(connected.grant_id)
    acts = ("pause", "resume", "disconnect", "mementos", "name", "end")
    answers = {post(signed_in, connected.path + act, {"memories": "keep", "until": "day"}).status_code for act in acts}
    assert answers == {404}


def test_many_are_in_pages(signed_in, connected, in_database):
    def add(session):
        one = session.get_one(Consent, connected.grant_id)
        columns = ("user_id", "client_key", "scope", "selection", "resources", "issued_at")
        for number in range(40):
            fields = {name: getattr(one, name) for name in columns}
            session.add(Consent(**fields, installation=f"old-{number}", revoked_at=one.issued_at))
        session.commit()

    in_database(add)
    assert signed_in.get("/account/apps/").text.count('class="lines"') == 1
    first, second = (signed_in.get(f"/account/apps/ended?page={page}").text for page in (1, 2))
    assert first.count("connected ") > second.count("connected ") > 5
