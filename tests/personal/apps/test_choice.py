"""Changing what an app looks through: chosen, compared with what holds, applied, and so on its next call."""

import pytest
from sqlalchemy import update

from app import clock
from app.consents import changes
from app.consents.choice import Choice
from app.consents.models import Consent, ConsentMemento
from app.database.session_connection import SessionConnection
from app.extensions import db
from app.memories.models import Memento
from tests.personal.conftest import post, stock
from tests.tables import each


@pytest.fixture
def recipes(shelf) -> str:
    return shelf.mementos["Recipes"]


@pytest.fixture
def diary(shelf) -> str:
    return shelf.mementos["Diary"]


@pytest.fixture
def picker(signed_in, connected):
    return signed_in.get(connected.path + "mementos")


def part(page, heading: str) -> str:
    """What the page of the difference says under a heading."""
    return page.text.split(f">{heading}</h2>")[1].split("</section>")[0]


def test_the_picker_starts_from_what_holds(picker, recipes, diary):
    assert f'name="memento_ids" value="{recipes}" checked' in picker.text
    assert f'name="memento_ids" value="{diary}">' in picker.text
    assert 'value="selected" checked' in picker.text


def test_the_difference_says_what_is_gained_and_lost_before_anything_happens(
    signed_in, connected, picker, recipes, diary
):
    page = signed_in.submit(picker, selection="selected", memento_ids=[diary])
    assert "<ins><bdi>Diary</bdi></ins>" in part(page, "It gains") and "1 memory" in part(page, "It gains")
    assert "<del><bdi>Recipes</bdi></del>" in part(page, "It loses") and "2 memories" in part(page, "It loses")
    assert "1 memory, in <bdi>Diary</bdi>" in part(page, "Then it sees")
    assert connected.sees() == {recipes}


def test_what_is_applied_holds_on_the_very_next_call(signed_in, connected, picker, recipes, diary):
    page = signed_in.submit(picker, selection="selected", memento_ids=[diary])
    assert connected.sees() == {recipes}
    page = signed_in.follow(signed_in.submit(page, press="Apply"))
    assert "Changed." in page.text
    assert connected.sees() == {diary}
    details = connected.integrator.introspect(connected.access_token).json["authorization_details"]
    assert [detail["identifier"] for detail in details] == [diary]


def test_a_memory_is_gone_for_the_app_once_its_memento_is_unticked(signed_in, connected, picker, diary, shelf):
    """The same token, at once; and what is added to what is ticked is there at once."""

    def read(title: str) -> int:
        path = f"/api/v1/memories/{shelf.memories[title]}/"
        return connected.integrator.me(connected.access_token, path).status_code

    assert (read("Soup"), read("Loose leaf")) == (200, 404)
    page = signed_in.submit(picker, selection="selected", memento_ids=[diary])
    assert (read("Soup"), read("Loose leaf")) == (200, 404)
    signed_in.submit(page, press="Apply")
    assert (read("Soup"), read("Loose leaf")) == (404, 200)
    editor = signed_in.get(f"/account/mementos/{diary}/edit")
    signed_in.submit(editor, press="Save", pick=[f"i:{shelf.integrations['Slack']}"])
    assert (read("Hello"), read("Loose leaf"), read("Soup")) == (200, 200, 404)


def test_everything_and_nothing_can_be_chosen(signed_in, connected, picker):
    page = signed_in.submit(picker, selection="all", memento_ids=[])
    assert "everything, also what you add later" in part(page, "It gains")
    assert "5 memories that it does not see today" in part(page, "It gains")
    signed_in.submit(page, press="Apply")
    assert connected.sees() == {"all"}
    page = signed_in.submit(signed_in.get(connected.path + "mementos"), selection="none")
    assert "everything, also what you add later" in part(page, "It loses")
    assert "7 memories that it sees today" in part(page, "It loses")
    signed_in.submit(page, press="Apply")
    assert connected.sees() == set()
    assert connected.is_alive()


def test_a_memento_whose_memories_are_seen_already_gives_no_memory(signed_in, connected, picker, recipes):
    copy = signed_in.submit(signed_in.get(f"/account/mementos/{recipes}/"), press="Duplicate").location.split("/")[3]
    page = signed_in.submit(
        signed_in.get(connected.path + "mementos"), selection="selected", memento_ids=[recipes, copy]
    )
    assert "No memory that it does not see already" in part(page, "It gains")
    assert "Nothing." in part(page, "It loses")


def test_a_write_tick_is_gained_and_lost(signed_in, connected, picker, recipes):
    page = signed_in.submit(picker, selection="selected", memento_ids=[recipes], writable_ids=[recipes])
    assert "It may also change or delete what is in <ins><bdi>Recipes</bdi></ins>" in part(page, "It gains")
    assert "that it does not see" not in part(page, "It gains")
    signed_in.submit(page, press="Apply")
    assert connected.writes() == {recipes}
    assert "It may also change or delete these" in signed_in.get(connected.path).text
    page = signed_in.get(connected.path + "mementos")
    assert f'name="writable_ids" value="{recipes}" aria-describedby="{recipes}" checked' in page.text
    page = signed_in.submit(page, writable_ids=[])
    assert "no longer change or delete what is in <del><bdi>Recipes</bdi></del>" in part(page, "It loses")
    signed_in.submit(page, press="Apply")
    assert connected.writes() == set() and connected.sees() == {recipes}


def test_a_memento_that_was_renamed_while_the_difference_was_read_is_shown_first(
    signed_in, connected, picker, diary, in_database
):
    """What is applied is what she read, here as on the screens of a request."""
    page = signed_in.submit(picker, selection="selected", memento_ids=[diary])

    def rename(session):
        session.get_one(Memento, diary).name = "Recipes of others"
        session.commit()

    in_database(rename)
    before = connected.sees()
    again = signed_in.submit(page, press="Apply")
    assert "Something has changed" in again.text and "Recipes of others" in again.text
    assert connected.sees() == before
    signed_in.submit(again, press="Apply")
    assert connected.sees() == {diary}


def test_a_write_tick_without_its_memento_means_nothing(signed_in, connected, picker, recipes, diary):
    page = signed_in.submit(picker, selection="selected", memento_ids=[recipes], writable_ids=[recipes, diary])
    signed_in.submit(page, press="Apply")
    assert connected.writes() == connected.sees() == {recipes}


def test_an_app_that_does_not_write_is_offered_no_write_ticks(signed_in, connect, pocket, recipes, diary, in_database):
    """Nor is one kept for the day on which it may: nobody has seen it."""
    connected = connect(pocket, recipes, scope="memories:read")
    page = signed_in.get(connected.path + "mementos")
    assert "writable_ids" not in page.text
    data = {"selection": "selected", "memento_ids": [recipes, diary], "writable_ids": [recipes]}
    page = post(signed_in, connected.path + "mementos", data)
    signed_in.submit(page, press="Apply")
    assert connected.sees() == {recipes, diary}
    assert in_database(lambda session: session.query(ConsentMemento).filter_by(can_write=True).count()) == 0


def test_what_the_app_has_added_itself_is_not_up_for_choice_and_stays_seen(signed_in, connected, saved, diary):
    own = saved.mementos["Saved by Acme Notebook"]
    page = signed_in.get(connected.path + "mementos")
    assert own not in page.text
    assert "What it has added itself: it always sees this, and may change or delete it." in page.text
    page = signed_in.submit(page, selection="none", memento_ids=[])
    assert "Nothing but the 2 memories it has added itself" in part(page, "Then it sees")
    assert "2 memories that it sees today" in part(page, "It loses")
    signed_in.submit(page, press="Apply")
    assert connected.sees() == {own}


def test_what_the_app_has_added_itself_is_none_of_the_choice_even_if_it_was_ticked_once(
    app, signed_in, connected, saved, recipes, diary
):
    own = saved.mementos["Saved by Acme Notebook"]
    with app.app_context():
        db.session.add(ConsentMemento(grant_id=connected.grant_id, memento_id=own))
        db.session.commit()
    page = signed_in.get(connected.path + "mementos")
    assert own not in page.text
    page = signed_in.submit(page, selection="selected", memento_ids=[diary])
    assert "Saved by Acme Notebook" not in part(page, "It loses")
    signed_in.submit(page, press="Apply")
    assert connected.sees() == {diary, own}


@each(
    ("data", "sentence"),
    [
        ({}, "Choose what the app may look through"),
        ({"selection": "selected"}, "Tick at least one memento"),
        ({"selection": "nonsense"}, "Choose what the app may look through"),
        ({"selection": "selected", "memento_ids": ["mem_unknown", "\x00", "x" * 100_000]}, "Tick at least one memento"),
    ],
)
def test_a_choice_that_cannot_be_is_explained(signed_in, connected, recipes, data, sentence):
    for path in ("mementos", "mementos/apply"):
        page = post(signed_in, connected.path + path, data)
        assert page.status_code == 422
        assert sentence in page.text.split('role="alert"')[1]
    assert connected.sees() == {recipes}


@pytest.mark.parametrize("selection", ["all", "none"])
def test_ticks_beside_everything_or_nothing_are_asked_about(signed_in, connected, picker, recipes, selection):
    """Never guess between more and less."""
    page = signed_in.submit(picker, selection=selection, memento_ids=[recipes])
    assert page.status_code == 422
    assert "Choose one or the other" in page.text


def test_the_same_choice_changes_nothing_and_says_so(signed_in, connected, picker):
    page = signed_in.follow(signed_in.submit(picker, press="See what changes"))
    assert "Nothing was changed" in page.text


def test_one_can_go_back_and_choose_again_without_losing_the_ticks(signed_in, connected, picker, recipes, diary):
    page = signed_in.submit(picker, selection="selected", memento_ids=[recipes, diary])
    data = {"selection": "selected", "memento_ids": [recipes, diary], "action": "back"}
    assert f'formaction="{connected.path}mementos"' in page.text
    page = post(signed_in, connected.path + "mementos", data)
    assert page.text.count(" checked") == 3
    assert connected.sees() == {recipes}


def test_what_another_tab_has_changed_meanwhile_is_shown_once_more(signed_in, connected, picker, recipes, diary):
    first = signed_in.submit(picker, selection="selected", memento_ids=[diary])
    second = signed_in.submit(picker, selection="all", memento_ids=[])
    signed_in.submit(second, press="Apply")
    page = signed_in.submit(first, press="Apply")
    assert page.status_code == 200 and "Something has changed" in page.text
    assert "everything" in part(page, "It loses")
    assert connected.sees() == {"all"}
    signed_in.submit(page, press="Apply")
    assert connected.sees() == {diary}


def test_a_memento_that_was_deleted_before_applying_is_noticed(
    signed_in, connected, picker, recipes, diary, in_database
):
    page = signed_in.submit(picker, selection="selected", memento_ids=[recipes, diary])

    def delete(session):
        session.delete(session.get_one(Memento, diary))
        session.commit()

    in_database(delete)
    answer = signed_in.submit(page, press="Apply")
    assert answer.status_code in (200, 303)
    assert connected.sees() == {recipes}


def test_another_persons_memento_cannot_be_chosen(app, signed_in, connected, recipes, carol):
    theirs = stock(app, carol.id).mementos["Diary"]
    data = {"selection": "selected", "memento_ids": [recipes, theirs]}
    page = post(signed_in, connected.path + "mementos", data)
    assert theirs not in page.text
    data["seen"] = "x"
    post(signed_in, connected.path + "mementos/apply", data)
    assert connected.sees() == {recipes}


def test_a_consent_that_ends_while_the_answer_is_made_is_not_changed(app, connected, diary):
    """As if another tab had disconnected it between our look and our write."""
    with app.app_context():
        consent = db.session.get_one(Consent, connected.grant_id)
        ended = update(Consent).values(revoked_at=clock.now()).execution_options(synchronize_session=False)
        db.session.execute(ended)
        assert consent.is_live()
        connection = SessionConnection(db.session)
        mine = (connection, consent.user_id, consent.grant_id)
        assert not changes.change_choice(*mine, Choice("selected", {diary: False}))
        assert not changes.change_end(*mine, None)
        assert not changes.pause(*mine) and not changes.resume(*mine)


def test_after_the_app_was_disconnected_an_open_page_changes_nothing(signed_in, connected, picker, diary):
    page = signed_in.submit(picker, selection="selected", memento_ids=[diary])
    signed_in.end_app(connected.grant_id)
    assert signed_in.submit(page, press="Apply").status_code == 404
    assert signed_in.submit(picker, selection="all", memento_ids=[]).status_code == 404
