"""The end user's other promise: keep control, with and without scripts, with a mouse or by keyboard alone."""

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from tests.integrator import s256
from tests.journeys.walk import ALICE, enter, follow, sign_in

_VERIFIER = "v" * 43


@pytest.fixture
def link(server, demonstration, callback) -> str:
    """The link by which Acme Notebook sends its users to us."""
    client_id = demonstration.clients["Acme Notebook"].client_id
    return (
        f"{server.url}/oauth/authorize?response_type=code&client_id={client_id}&redirect_uri={callback.url}"
        f"&state=x&scope=memories:read+memories:write&code_challenge={s256(_VERIFIER)}&code_challenge_method=S256"
    )


@pytest.fixture
def api(server, demonstration, callback):
    """What Acme Notebook is told at this moment, with the token that it gets for the code that came back."""
    held = {}

    def api() -> requests.Response:
        if not held:
            app = demonstration.clients["Acme Notebook"]
            data = {"grant_type": "authorization_code", "code": callback.answer()["code"], "redirect_uri": callback.url}
            answer = requests.post(
                f"{server.url}/oauth/token",
                data=data | {"code_verifier": _VERIFIER},
                auth=(app.client_id, app.client_secret),
                timeout=10,
            )
            held.update(answer.json())
        authorization = {"Authorization": f"Bearer {held['access_token']}"}
        return requests.get(f"{server.url}/api/v1/mementos/", headers=authorization, timeout=10)

    return api


@pytest.fixture
def plain(open_page):
    """A tab in a browser that runs no scripts."""
    return open_page(java_script_enabled=False, locale="en-GB")


@pytest.fixture
def sign_in_as_alice(server, demonstration):
    def go(page: Page) -> None:
        enter(page, server, ALICE)
        page.goto(server.url + "/account/")

    return go


def names(answer: requests.Response) -> list[str]:
    return [memento["name"] for memento in answer.json()["data"]]


# -- with scripts --------------------------------------------------------------------------------


def test_the_editor_counts_as_one_ticks_and_opens_without_a_new_page(page, server, sign_in_as_alice):
    sign_in_as_alice(page)
    follow(page.get_by_role("link", name="Make a memento"))
    page.get_by_label("Name", exact=True).fill("Evenings")
    tally = page.locator(".tally")
    expect(tally).to_have_text("no memories")
    expect(page.get_by_role("button", name="Count")).to_be_hidden()
    page.get_by_role("checkbox", name="Everything from My notes").check()
    expect(tally).to_have_text("15 memories, all from My notes. 1 change not saved yet.")

    page.evaluate("window.isTheSamePage = true")
    page.get_by_role("button", name="Open Google Drive").click()
    expect(page.locator("#level")).to_be_focused()
    page.get_by_role("checkbox", name="Recipes").check()
    expect(tally).to_contain_text("2 changes not saved yet")
    page.get_by_label("Find folders and memories").fill("lisbon")
    page.keyboard.press("Enter")
    page.get_by_role("checkbox", name="Tomás: my list for Lisbon").check()
    expect(tally).to_contain_text("3 changes not saved yet")
    assert page.evaluate("window.isTheSamePage")

    follow(page.get_by_role("button", name="Make it"))
    page.get_by_role("heading", name="Evenings").wait_for()
    holds = page.locator("main").inner_text()
    for what in ("all of My notes, also what comes later", "the folder Recipes of Google Drive", "1 single memory"):
        assert what in holds


def test_when_the_script_cannot_reach_the_server_the_browser_asks_itself(page, server, sign_in_as_alice):
    sign_in_as_alice(page)
    page.goto(server.url + "/account/mementos/new")
    page.context.clear_cookies()
    follow(page.get_by_role("button", name="Open Google Drive"))
    expect(page.locator("main")).to_contain_text("You were signed out meanwhile")


def test_what_was_typed_is_not_lost_when_the_network_is_gone(page, server, sign_in_as_alice):
    """The browser's own page would take the place of this one, and going back would lead to the one before."""
    sign_in_as_alice(page)
    page.goto(server.url + "/account/mementos/new")
    page.get_by_label("Name", exact=True).fill("Written on a train")
    page.get_by_role("checkbox", name="Everything from Google Drive").check()
    page.context.set_offline(True)
    for button in ("Open Google Drive", "Make it"):
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("alert")).to_contain_text("Your browser has no connection")
        page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_role("alert")).to_be_hidden()
    page.context.set_offline(False)
    follow(page.get_by_role("button", name="Make it"))
    expect(page.get_by_role("heading", name="Written on a train")).to_be_visible()


# -- without scripts -----------------------------------------------------------------------------


def test_everything_works_without_javascript(plain, link, api, callback, server, demonstration):
    page = plain
    page.goto(link)
    sign_in(page, ALICE, demonstration.passwords[ALICE])
    page.get_by_role("checkbox", name="Recipes").check()
    page.get_by_role("checkbox", name="It may also change").first.check()
    follow(page.get_by_role("button", name="Continue").last)
    page.locator("select[name=until]").select_option("month")
    follow(page.get_by_role("button", name="Authorize"))
    page.get_by_role("heading", name="Back at the app").wait_for()
    assert names(api()) == ["Recipes"]

    # A memento, of a folder and of a memory that was searched for.
    page.goto(server.url + "/account/mementos/new")
    page.get_by_label("Name", exact=True).fill("Lisbon for the app")
    page.get_by_role("button", name="Open Google Drive").click()
    page.get_by_role("button", name="Open Trips").click()
    page.get_by_role("checkbox", name="Lisbon").first.check()
    page.get_by_label("Find folders and memories").fill("tomás lisbon")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("checkbox", name="Tomás: my list for Lisbon").check()
    page.get_by_role("button", name="Count").click()
    expect(page.locator(".tally")).to_contain_text("6 memories: Google Drive 5, Gmail 1. 2 changes not saved yet.")
    follow(page.get_by_role("button", name="Make it"))

    # The app gets it instead of the recipes.
    follow(page.get_by_role("link", name="Connected apps").first)
    follow(page.get_by_role("main").get_by_role("link", name="Acme Notebook", exact=True))
    assert "until" in page.locator("main").inner_text()
    follow(page.get_by_role("link", name="Change what it sees"))
    page.get_by_role("checkbox", name="Recipes").uncheck()
    page.get_by_role("checkbox", name="Lisbon for the app").check()
    follow(page.get_by_role("button", name="See what changes"))
    assert names(api()) == ["Recipes"]
    follow(page.get_by_role("button", name="Apply"))
    assert names(api()) == ["Lisbon for the app"]

    # Paused, resumed, ended.
    follow(page.get_by_role("button", name="Pause"))
    assert api().status_code == 401
    follow(page.get_by_role("button", name="Resume"))
    assert names(api()) == ["Lisbon for the app"]
    follow(page.get_by_role("link", name="End Acme Notebook"))
    follow(page.get_by_role("button", name="End Acme Notebook"))
    assert api().status_code == 401
    assert "No app is connected" in page.locator("main").inner_text()


# -- by keyboard alone ---------------------------------------------------------------------------


def tab_to(page: Page, target: Locator, key: str = "Tab") -> None:
    """Press Tab until the target has the focus, and see that it shows."""
    one = target.element_handle()
    for _ in range(120):
        page.keyboard.press(key)
        if one.evaluate("one => one === document.activeElement"):
            assert one.evaluate(_HAS_VISIBLE_FOCUS), f"The focus on {target} cannot be seen."
            return
    raise AssertionError(f"{target} cannot be reached by Tab.")


# The outline may be that of the line around a checkbox.
_HAS_VISIBLE_FOCUS = """one => [one, one.parentElement, one.closest("label")].some(place => {
    const style = place && getComputedStyle(place);
    return style && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 1;
})"""


def press(page: Page, target: Locator, key: str = "Enter") -> None:
    tab_to(page, target)
    page.keyboard.press(key)


@pytest.mark.parametrize("scripts", [True, False])
def test_the_whole_consent_by_keyboard_alone(open_page, link, api, callback, demonstration, scripts):
    page = open_page(java_script_enabled=scripts, locale="en-GB")
    page.goto(link)
    tab_to(page, page.get_by_label("E-mail"))
    page.keyboard.type(ALICE)
    tab_to(page, page.get_by_label("Password"))
    page.keyboard.type(demonstration.passwords[ALICE])
    page.keyboard.press("Enter")
    page.wait_for_url("**/mementos*")

    press(page, page.get_by_role("checkbox", name="Recipes"), "Space")
    press(page, page.get_by_role("checkbox", name="It may also change").locator("visible=true"), "Space")
    press(page, page.get_by_role("checkbox", name="Trip to Lisbon"), "Space")
    press(page, page.get_by_role("button", name="Continue").last)
    page.wait_for_url("**/consent*")

    tab_to(page, page.locator("select[name=until]"))
    page.keyboard.press("ArrowDown")
    press(page, page.get_by_role("button", name="Authorize"))
    page.get_by_role("heading", name="Back at the app").wait_for()
    actions = {memento["name"]: memento["actions"] for memento in api().json()["data"]}
    assert actions == {"Recipes": ["read", "write"], "Trip to Lisbon": ["read"]}


@pytest.mark.parametrize("scripts", [True, False])
def test_the_memento_editor_by_keyboard_alone(open_page, sign_in_as_alice, server, scripts):
    page = open_page(java_script_enabled=scripts, locale="en-GB")
    sign_in_as_alice(page)
    press(page, page.get_by_role("link", name="Make a memento"))
    tab_to(page, page.get_by_label("Name", exact=True))
    page.keyboard.type("By hand")
    press(page, page.get_by_role("checkbox", name="Everything from My notes"), "Space")
    press(page, page.get_by_role("button", name="Open Google Drive"))
    folder = page.get_by_role("checkbox", name="Recipes")
    folder.wait_for()
    press(page, folder, "Space")
    # Enter in the search field searches; it saves nothing.
    tab_to(page, page.get_by_label("Find folders and memories"), key="Shift+Tab")
    page.keyboard.type("tomás")
    page.keyboard.press("Enter")
    found = page.get_by_role("checkbox", name="Tomás: my list for Lisbon")
    found.wait_for()
    press(page, found, "Space")
    press(page, page.get_by_role("button", name="Make it"))
    page.get_by_role("heading", name="By hand").wait_for()
    holds = page.locator("main").inner_text()
    for what in ("all of My notes", "the folder Recipes of Google Drive", "1 single memory"):
        assert what in holds
