"""The page of what is never shared, the buttons that lead there, and what the other pages say of it."""

import re

import pytest

from tests.actors import Browser
from tests.personal.conftest import post
from tests.tables import each

PAGE = "/account/never-shared/"


@pytest.fixture
def never_share(signed_in):
    """Have Alice press the button of a thing, by its key or as a tag."""

    def never_share(**what: str) -> None:
        assert post(signed_in, PAGE, what).status_code == 303

    return never_share


def press(browser: Browser, path: str, button: str, **values):
    return browser.follow(browser.submit(browser.get(path), press=button, **values))


def test_a_memory_is_kept_back_and_shared_again_on_its_own_page(signed_in, shelf):
    path = f"/account/memories/{shelf.memories['Soup']}/"
    page = press(signed_in, path, "Never share it")
    assert page.request.path == path
    assert "None, ever." in page.text and "You never share it." in page.text
    assert "Soup" in signed_in.get(PAGE).text
    page = press(signed_in, path, "Share it again")
    assert page.request.path == path
    assert "None, ever." not in page.text


def test_folders_and_sources_are_kept_back_from_a_level_of_the_tree(signed_in, shelf):
    drive = shelf.integrations["Drive"]
    page = press(signed_in, f"{PAGE}choose?open=i:{drive}", "Never share Recipes")
    assert page.request.full_path == f"{PAGE}choose?open=i:{drive}"
    assert "never shared" in next(line for line in page.text.split("</li>") if ">Recipes<" in line)
    inside = signed_in.get(f"{PAGE}choose?open=f:{drive}:Recipes").text
    assert inside.count("never shared</span>") == 2, "the folder below, and the memory"
    page = press(signed_in, f"{PAGE}choose", "Never share Slack")
    listed = signed_in.get(PAGE).text
    assert "Everything from" in listed and "keeps back 5 memories" in listed


def test_a_tag_is_kept_back_and_what_is_no_tag_is_refused_in_a_sentence(signed_in, shelf):
    page = press(signed_in, PAGE, "Never share this tag", tag="  private  ")
    assert "The tag" in page.text and "private" in page.text
    for tag, sentence in (("", "Name a tag"), ("x" * 61, "at most 60 characters"), ("a\u202eb", "That tag")):
        answer = signed_in.submit(signed_in.get(PAGE), press="Never share this tag", tag=tag)
        assert answer.status_code == 422
        assert sentence in answer.text
    press(signed_in, PAGE, "Share it again: private")
    assert "The tag" not in signed_in.get(PAGE).text


@each("key", ["", "x", "i:int_none", "m:mry_none", "f:int_none:a", "m:mry_1\x00"])
def test_a_key_of_nothing_is_404_and_changes_nothing(signed_in, shelf, key):
    assert post(signed_in, PAGE, {"thing": key}).status_code == 404
    assert "Share it again" not in signed_in.get(PAGE).text


@each("rule", ["0", "x", "-1", "9" * 30, "99999999999", "²"])
def test_a_rule_that_is_none_is_404(signed_in, shelf, rule):
    assert post(signed_in, f"{PAGE}{rule}/end").status_code == 404


def test_the_consent_screen_counts_what_is_kept_back(signed_in, shelf, notebook, never_share):
    never_share(thing=f"m:{shelf.memories['Soup']}")
    never_share(thing=f"f:{shelf.integrations['Slack']}:general")
    page = signed_in.follow(notebook.start(signed_in))
    assert "Soup" not in page.text and "Good morning" not in page.text
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    assert "Today that is 4 memories" in page.text
    assert "<strong>3 kept back</strong>" in page.text


def test_the_consent_screen_counts_it_within_the_mementos_that_are_ticked(signed_in, shelf, notebook, never_share):
    never_share(thing=f"m:{shelf.memories['Soup']}")
    page = signed_in.follow(notebook.start(signed_in))
    page = signed_in.follow(
        signed_in.submit(page, press="Continue", memento_ids=[shelf.mementos["Recipes"], shelf.mementos["Diary"]])
    )
    assert "2 memories in all" in page.text
    assert "<strong>1 kept back</strong>" in page.text


def test_the_apps_page_counts_it_too(signed_in, shelf, connected, never_share):
    assert "kept back" not in signed_in.get(connected.path).text
    never_share(thing=f"f:{shelf.integrations['Drive']}:Recipes")
    assert "<strong>2 kept back</strong>" in signed_in.get(connected.path).text


def test_its_card_says_so_and_counts_only_what_it_sees_as_its_page_does(signed_in, shelf, connected, never_share):
    def told(path):
        return " ".join(re.sub("<[^>]*>", "", signed_in.get(path).text).split())

    assert "Recipes (2 memories)" in told("/account/") and "kept back" not in told("/account/")
    never_share(thing=f"m:{shelf.memories['Soup']}")
    for path in ("/account/", "/account/apps/"):
        assert "Recipes (1 memory)" in told(path) and "1 kept back: you never share it." in told(path)
    assert "Recipes 1 memory." in told(connected.path)


def test_many_things_stand_on_pages(signed_in, shelf, never_share):
    for number in range(25):
        never_share(tag=f"tag {number}")
    page = signed_in.get(PAGE).text
    assert page.count('<li class="line">') == 20
    assert signed_in.get(f"{PAGE}?page=2").text.count('<li class="line">') == 5


def test_a_persons_own_pages_show_all_of_it_as_before(signed_in, shelf, never_share):
    never_share(thing=f"f:{shelf.integrations['Drive']}:Recipes")
    assert "Soup" in signed_in.get(f"/account/mementos/{shelf.mementos['Recipes']}/").text
    assert "Soup" in signed_in.get("/account/memories/?q=soup").text


def test_a_memorys_page_names_all_that_keeps_it_back(signed_in, shelf, never_share):
    for key in ("f:{}:Recipes", "f:{}:Recipes/Baking", "i:{}"):
        never_share(thing=key.format(shelf.integrations["Drive"]))
    never_share(thing=f"f:{shelf.integrations['Drive']}:Trips")
    page = signed_in.get(f"/account/memories/{shelf.memories['Bread']}/").text
    assert page.count("You never share") == 3
    assert "Trips" not in page
