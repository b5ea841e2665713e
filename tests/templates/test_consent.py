"""The consent screen: every state of it says plainly what a person agrees to."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from tests.templates.conftest import CLIENT, PUBLIC_CLIENT, memento, registered, scope

_SINCE = {"returning": True, "since": datetime(2026, 5, 3, 9, 30, tzinfo=UTC)}


def marks(page) -> int:
    """How many things are marked as new."""
    return len(page.all("mark"))


def test_a_first_consent_says_who_for_what_through_what_how_long_and_where_to_undo_it(consent):
    page = consent()
    for words in (
        "Authorize Acme Notebook?",
        "registered by Acme",
        "Alice Archer",
        "alice@acme.example",
        "read and search the memories you choose",
        "see your name, your e-mail address, the organization you belong to and your role in it",
        "Trip to Lisbon 14 memories: Google Drive 9, Gmail 5",
        "23 memories in all.",
        "Until you end it.",
        "Your account, then “Connected apps”",
        "Back to notebook.acme.example",
        "The app never sees your password.",
    ):
        assert words in page.text, words
    assert marks(page) == 0


def test_authorize_and_cancel_stand_side_by_side(consent):
    buttons = consent().all("button", name="action")
    assert [button["value"] for button in buttons if button["value"] != "wait"] == ["authorize", "cancel"]


def test_the_way_to_change_the_choice_and_to_undo_it_are_links(consent):
    links = [link["href"] for link in consent().all("a")]
    assert "/oauth/authorize/mementos?request=h" in links and "/account/" in links


def test_everything_says_that_it_includes_what_is_added_later(consent):
    assert "Everything, also what you add later" in consent(selection="all", mementos=[], total_count=80).text
    assert "Today that is 80 memories." in consent(selection="all", mementos=[], total_count=80).text


def test_nothing_yet_says_so(consent):
    assert "Nothing yet." in consent(selection="none", mementos=[], total_count=0).text


def test_an_app_that_asks_for_no_memories_is_said_to_see_none(consent):
    page = consent(needs_mementos=False, selection=None, mementos=[], total_count=0)
    assert "None of your memories." in page.text
    assert not page.all("ol") and "Change what it will see" not in page.text


def test_memories_in_several_mementos_are_counted_once_and_that_is_said(consent):
    assert "20 memories in all: some are in more than one of these." in consent(total_count=20).text


def test_where_it_uses_what_it_may_do_stands_with_that(consent):
    """And nothing of it with where the person goes next. A box that is not ticked is not said to be left ticked."""
    left_out = scope("write") | {"is_optional": True, "is_chosen": False}
    place = {"shown": "example.net/mcp", "is_loopback": False, "service": None, "organization": None, "is_new": False}
    text = consent(scopes=[scope("read"), left_out], places=[place]).text
    may_do, next = text.index("What it may do"), text.index("Where you go next")
    assert may_do < text.index("And, if it is ticked:") < text.index("It uses what you allow at example.net/mcp") < next


def test_a_public_app_is_said_to_be_unprovable(consent):
    assert "cannot prove that it is really Acme Pocket" in consent(client=PUBLIC_CLIENT).text
    assert "cannot prove" not in consent().text


def test_a_returning_person_sees_what_is_new_and_what_is_gone(consent):
    page = consent(
        scopes=[scope("read"), scope("write", is_new=True)],
        mementos=[memento("Recipes"), memento("Garden", is_new=True)],
        removed=["Health", "Diary"],
        **_SINCE,
    )
    assert "on 3 May 2026" in page.text
    assert "write new" in page.text and "Garden new" in page.text and marks(page) == 2
    assert "No longer: Health, Diary" in page.text


def test_a_returning_person_for_whom_nothing_changes_sees_no_marks(consent):
    page = consent(scopes=[scope("read")], mementos=[memento("Recipes")], **_SINCE)
    assert marks(page) == 0 and "No longer" not in page.text


def test_from_some_mementos_to_everything_is_marked_and_takes_nothing_away(consent):
    page = consent(
        scopes=[scope("read")], selection="all", selection_before="selected", mementos=[], removed=["Recipes"], **_SINCE
    )
    assert marks(page) == 1 and "No longer" not in page.text


def test_from_everything_to_some_mementos_brings_nothing_new(consent):
    page = consent(scopes=[scope("read")], selection_before="all", **_SINCE)
    assert marks(page) == 0 and "No longer: everything" in page.text


def test_leave_to_change_memories_is_told_at_its_memento(consent):
    page = consent(mementos=[memento("Recipes", 3, writable=True), memento("Garden", 4)], total_count=7)
    assert page.text.count("It may also change or delete these.") == 1
    assert "Recipes 3 memories It may also change" in page.text


def test_an_end_can_be_set_and_the_present_one_is_chosen(consent):
    ends = [
        SimpleNamespace(value="keep", label="As it is now, until", chosen=True, at=datetime(2027, 5, 3, tzinfo=UTC)),
        SimpleNamespace(value="day", label="For a day", chosen=False, at=None),
    ]
    page = consent(ends=ends)
    assert page.all("select", name="until")
    assert [option["value"] for option in page.all("option") if "selected" in option] == ["keep"]
    assert "As it is now, until 3 May 2027" in page.text


@pytest.mark.parametrize("client", [CLIENT, PUBLIC_CLIENT])
def test_the_page_is_well_made(consent, client):
    """No form in a form, every id once, and every reference to one leads somewhere."""
    page = consent(client=client)
    ids = [attributes["id"] for _tag, attributes in page.elements if "id" in attributes]
    assert page.nested_forms == 0
    assert len(ids) == len(set(ids))
    assert {a["aria-labelledby"] for _tag, a in page.elements if "aria-labelledby" in a} <= set(ids)
    assert len(page.all("h1")) == 1


def test_names_cannot_smuggle_markup_in(consent):
    bad = "<b>&\"'"
    page = consent(
        client=PUBLIC_CLIENT | {"name": bad, "trust": registered("a.example", by=bad)},
        mementos=[memento(bad)],
        removed=[bad],
        **_SINCE,
    )
    assert "<b>" not in page.html


def test_everything_of_somebody_who_keeps_nothing_yet_is_said_plainly(consent, picker):
    assert "You have no memories yet." in consent(selection="all", mementos=[], total_count=0).text
    empty = picker(mementos=[], everything={"count": 0, "sources": []})
    assert "You have no memories yet." in empty.text and "Today that is" not in empty.text


def test_the_sum_of_several_mementos_is_a_sentence_whatever_it_is(consent):
    lisbon, recipes = memento("Trip to Lisbon", 1), memento("Recipes", 1)
    both = [lisbon, recipes]
    assert "1 memory in all: it is in more than one of these." in consent(mementos=both, total_count=1).text
    assert "2 memories in all." in consent(mementos=both, total_count=2).text
    none = [memento("Trip to Lisbon", 0), memento("Recipes", 0)]
    assert "There is nothing in them yet." in consent(mementos=none, total_count=0).text
