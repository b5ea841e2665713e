"""The two decision screens in a real Chromium: the picker's script, and that nothing sticks out on a small screen."""

from urllib.parse import parse_qs

import pytest
from playwright.sync_api import expect

from app.consents.picker import Summed
from tests.templates.conftest import CLIENT, PUBLIC_CLIENT, memento, registered

_ADDRESS = "http://127.0.0.1/screen"
_LONG = "Donaudampfschifffahrtsgesellschaftskapitänswitwenrente" + "W" * 46
_HOST = "a-very-long-label-of-a-host.and-another-one-that-is-long.and-a-third.notebook.acme.example:8443"


@pytest.fixture
def open_screen(app, open_page):
    """Show a rendered page, with its stylesheets and scripts, in a window of a width."""

    def open_screen(page, *, width: int = 1280):
        tab, client = open_page(locale="en-GB"), app.test_client()
        tab.set_viewport_size({"width": width, "height": 800})

        def answer(route):
            path = route.request.url.removeprefix("http://127.0.0.1")
            if path == "/account/mementos/preview":
                ids = parse_qs(route.request.post_data).get("memento_ids", [])
                told = f'<p class="tally">ids={",".join(ids)};</p><div class="seen">titles of {len(ids)}</div>'
                return route.fulfill(body=told, content_type="text/html; charset=utf-8")
            if path == "/screen":
                return route.fulfill(body=page.html, content_type="text/html; charset=utf-8")
            found = client.get(path)
            return route.fulfill(body=found.data, content_type=found.content_type, status=found.status_code)

        tab.route("**/*", answer)
        tab.goto(_ADDRESS)
        return tab

    return open_screen


@pytest.fixture
def sent(open_screen):
    """Open a page, act on it, and see what its form sent."""

    def sent(page, act) -> str:
        tab = open_screen(page)
        # Not what the script asks for by itself, the sum.
        with tab.expect_request(lambda request: request.method == "POST" and request.is_navigation_request()) as posted:
            act(tab)
        return posted.value.post_data

    return sent


@pytest.mark.browser
def test_a_tick_makes_the_choice_and_the_sum_and_the_preview_follow_it(picker, open_screen):
    tab = open_screen(picker())
    tab.get_by_role("checkbox", name="Recipes").check()
    assert tab.get_by_role("radio", name="Only the mementos I tick").is_checked()
    tab.get_by_role("status").get_by_text("ids=mem_recipes;").wait_for()
    tab.get_by_role("checkbox", name="Trip to").check()
    tab.get_by_role("status").get_by_text("ids=mem_triptolisbon,mem_recipes;").wait_for()
    assert not tab.locator("#seen").is_visible()
    tab.get_by_role("button", name="Preview what it will see").click()
    assert tab.get_by_role("region", name="What it will see").inner_text() == "titles of 2"
    assert tab.url == _ADDRESS


@pytest.mark.browser
def test_where_no_sum_can_be_had_none_is_told(picker, open_screen):
    """Better none than one of other ticks."""
    tab = open_screen(picker(summed=Summed("selected", 1, 9, ["Soup"]), selection="selected"))
    tab.get_by_role("status").get_by_text("ids=;").wait_for()
    tab.route("**/preview", lambda route: route.fulfill(status=404))
    tab.get_by_role("checkbox", name="Recipes").check()
    expect(tab.locator(".tally")).to_be_empty()
    expect(tab.locator("#seen")).to_be_empty()


@pytest.mark.browser
@pytest.mark.parametrize("label", ["Everything", "Nothing yet"])
def test_ticks_beside_everything_or_nothing_are_neither_shown_nor_sent(picker, sent, label):
    def change_mind(tab):
        tab.get_by_role("checkbox", name="Recipes").check()
        tab.get_by_role("radio", name=label).check()
        assert not tab.locator(".mementos").is_visible()
        tab.get_by_role("button", name="Continue").last.click()

    assert "memento_ids" not in sent(picker(), change_mind)


@pytest.mark.browser
def test_enter_on_a_memento_goes_on(picker, sent):
    assert "action=continue" in sent(picker(), lambda tab: tab.get_by_role("checkbox", name="Recipes").press("Enter"))


@pytest.mark.browser
def test_enter_in_the_new_name_makes_the_memento(picker, sent):
    def type_name(tab):
        tab.get_by_label("Name of the new memento").fill("Garden")
        tab.get_by_label("Name of the new memento").press("Enter")

    data = sent(picker(mementos=[]), type_name)
    assert "action=create" in data and "new_name=Garden" in data


@pytest.mark.browser
def test_searching_never_hides_what_is_ticked(picker, open_screen):
    mementos = [memento(f"Garden {number}") for number in range(9)] + [memento("Recipes", chosen=True)]
    tab = open_screen(picker(mementos=mementos, show_search=True, selection="selected"))
    tab.get_by_label("Find a memento").fill("garden 3")
    assert tab.locator(".mementos li:visible strong").all_inner_texts() == ["Garden 3", "Recipes"]
    tab.get_by_label("Find a memento").fill("no such thing")
    assert tab.locator(".mementos li:visible strong").all_inner_texts() == ["Recipes"]
    assert "None of your mementos fits that." in tab.locator(".mementos").inner_text()


@pytest.mark.browser
def test_a_memento_is_found_in_every_spelling(picker, open_screen):
    """As the server folds words; "I" is an "i" in a Turkish browser, too."""
    names = ["Łódź", "Straße", "がっこう", "كِتابٌ", "ＷＩＤＥ", "İzmir", *(f"Garden {number}" for number in range(9))]
    tab = open_screen(picker(mementos=[memento(name) for name in names], show_search=True, selection="selected"))
    for wanted, name in zip(["lodz", "STRASSE", "か\u3099っこう", "كتاب", "wide", "izmir"], names, strict=False):
        tab.get_by_label("Find a memento").fill(wanted)
        assert tab.locator(".mementos li:visible strong").all_inner_texts() == [name]
    tab.get_by_label("Find a memento").fill("かっこう")
    assert tab.locator(".mementos li:visible strong").all_inner_texts() == []


@pytest.mark.browser
@pytest.mark.parametrize("client", [PUBLIC_CLIENT, CLIENT | {"name": _LONG, "trust": registered(_HOST, by=_LONG)}])
def test_nothing_sticks_out_at_320_pixels(picker, consent, open_screen, client):
    """WCAG 2.2, 1.4.10 (reflow)."""
    mementos = [memento(_LONG, chosen=True, writable=True), memento("Recipes", sample_titles=[_LONG, _LONG])]
    pages = [
        picker(client=client, mementos=mementos, asks_to_write=True, show_search=True, errors=[_LONG]),
        picker(client=client, mementos=[]),
        consent(client=client, mementos=mementos, removed=[_LONG], returning=True),
    ]
    for page in pages:
        tab = open_screen(page, width=320)
        assert tab.evaluate("document.documentElement.scrollWidth") == 320
