"""The picker: what a person is offered, and that nothing wide is chosen for them."""

from datetime import UTC, datetime

import pytest

from app.consents.picker import Summed
from tests.templates.conftest import CLIENT, NOTHING_TO_MAKE_ONE_OF, memento, registered
from tests.templates.test_rules import TEMPLATES


def chosen(page) -> list[str]:
    return [found["value"] for found in page.all("input", name="selection") if "checked" in found]


def test_a_new_person_finds_nothing_preselected(picker):
    assert chosen(picker()) == []
    assert not any("checked" in found for found in picker().all("input", type="checkbox"))


@pytest.mark.parametrize("selection", ["selected", "all", "none"])
def test_a_returning_person_finds_the_present_choice(picker, selection):
    assert chosen(picker(selection=selection, returning=True)) == [selection]


def test_the_three_choices_exclude_each_other(picker):
    radios = picker().all("input", name="selection", type="radio")
    assert [radio["value"] for radio in radios] == ["selected", "all", "none"]


def test_each_memento_says_how_much_it_holds_from_where_and_a_few_titles(picker):
    assert "Trip to Lisbon 14 memories: Google Drive 9, Gmail 5" in picker().text
    assert "Flight to Lisbon" in picker().text


def test_numbers_are_in_words_a_person_uses(picker):
    mementos = [memento("None here", 0), memento("Just one", 1), memento("A library", 12_345)]
    text = picker(mementos=mementos).text
    assert all(words in text for words in ("None here no memories", "Just one 1 memory", "12,345 memories"))


def test_it_says_who_asks_as_whom_and_where_the_answer_goes(picker):
    for words in (
        "Acme Notebook",
        "registered by Acme",
        "Alice Archer",
        "alice@acme.example",
        "notebook.acme.example",
    ):
        assert words in picker().text


def test_a_homepage_that_is_no_web_address_is_not_linked(picker):
    page = picker(client=CLIENT | {"homepage_url": "javascript:alert(1)"})
    assert "javascript:" not in page.html


def test_names_cannot_smuggle_markup_in(picker):
    bad = "<b>&\"'"
    page = picker(
        client=CLIENT | {"name": bad, "trust": registered("a.example", by=bad)}, mementos=[memento(bad)], errors=[bad]
    )
    assert "<b>" not in page.html


def test_without_mementos_the_way_to_make_one_is_open(picker):
    assert "open" in picker(mementos=[]).all("details")[0]
    assert "open" not in picker().all("details")[0]


def test_without_anything_to_make_one_of_there_is_no_such_way(picker):
    page = picker(mementos=[], maker=NOTHING_TO_MAKE_ONE_OF, everything={"count": 0, "sources": []})
    assert not page.all("details")
    assert "Nothing yet" in page.text


def test_what_cannot_be_chosen_is_not_offered(picker):
    """Without a memento there is nothing to tick, so nobody is asked to tick any; nor is anything counted or sought."""
    for facts in ({}, {"maker": NOTHING_TO_MAKE_ONE_OF}):
        page = picker(mementos=[], **facts)
        assert [radio["value"] for radio in page.all("input", name="selection")] == ["all", "none"]
        assert "I tick" not in page.text and not page.all("input", name="memento_ids")


def test_the_first_button_goes_on_so_that_enter_never_makes_a_memento(picker):
    actions = [button["value"] for button in picker().all("button", name="action")]
    assert actions == ["continue", "search", "create", "wait", "preview", "continue", "cancel"]


def test_errors_are_announced(picker):
    assert "Tick at least one." in picker(errors=["Tick at least one."]).text
    assert picker(errors=["Tick at least one."]).all("div", role="alert")


def test_the_search_box_is_there_only_when_there_are_many(picker):
    assert not picker().all("input", name="sought")
    page = picker(show_search=True)
    assert page.all("input", name="sought", type="search") and page.all("button", value="find")
    # Whoever goes by keyboard need not walk through two hundred of them.
    assert page.all("a", href="#footer")


def test_it_says_what_the_app_does_in_its_makers_words_and_what_it_asks(picker):
    page = picker(client=CLIENT | {"description": "Keeps your recipes.\n\nAll of\tthem."})
    assert "Its makers say: “Keeps your recipes. All of them.”" in page.text
    assert "Its makers say" not in picker().text
    for sentence in ("read and search the memories you choose", "see your name, your e-mail address"):
        assert page.text.count(sentence) == 1


def test_the_footer_says_what_it_comes_to_and_until_when(picker):
    def footer(*facts, **more) -> str:
        return picker(summed=Summed(*facts), **more).text.split("Preview what it will see")[0][-120:]

    assert "2 mementos · 15 memories · until I end it" in footer("selected", 2, 15, [])
    assert "1 memento · no memories · until" in footer("selected", 1, 0, [])
    assert "Everything · 80 memories" in footer("all", 0, 80, [])
    assert "Nothing chosen yet" in footer(None, 0, 0, []) and "0 mementos" not in footer("selected", 0, 0, [])
    assert "until 3 May 2027" in footer("none", 0, 0, [], until=datetime(2027, 5, 3, tzinfo=UTC))


def test_changing_what_is_there_is_offered_only_to_an_app_that_asks_and_never_preselected(picker):
    assert not picker().all("input", name="writable_ids")
    ticks = picker(asks_to_write=True).all("input", name="writable_ids")
    assert len(ticks) == 2 and not any("checked" in tick for tick in ticks)


def test_switching_the_account_is_a_form_of_its_own(picker):
    page = picker()
    assert page.nested_forms == 0
    assert page.all("form", action="/oauth/authorize/switch?request=h", method="post")


def test_every_id_is_there_once(picker):
    ids = [attributes["id"] for _tag, attributes in picker(asks_to_write=True).elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_the_picker_is_written_once():
    """Whoever authorizes an app and whoever changes their mind are asked the same, in the same words."""
    with_radios = [path.name for path in TEMPLATES if 'type="radio" name="selection"' in path.read_text()]
    including = {path.name for path in TEMPLATES if '{% include "shared/picker.html" %}' in path.read_text()}
    assert with_radios == ["picker.html"]
    assert including == {"mementos.html", "choose.html"}
