"""A person's own colours, as in the contrast themes of Windows: what is on a button can be read, and where one is is seen."""

from playwright.sync_api import expect

from tests.journeys.walk import ALICE, enter

#: The words of buttons whose text is no other colour than what is behind it, or whose colours the browser does not keep.
_UNREADABLE = """() => [...document.querySelectorAll("main :is(button, .button)")].filter((one) => {
  const style = getComputedStyle(one);
  return one.checkVisibility() && (style.color === style.backgroundColor || style.forcedColorAdjust !== "none");
}).map((one) => one.textContent.trim())"""


def test_every_button_can_be_read_in_the_colours_of_the_person(page, server, demonstration):
    page.emulate_media(forced_colors="active")
    unreadable = {}
    for path in ("/sign-in", "/account/", "/account/mementos/", "/account/settings/delete/"):
        if path == "/account/":
            enter(page, server, ALICE)
        page.goto(server.url + path)
        assert page.locator("main :is(button, .button)").count(), path
        unreadable[path] = page.evaluate(_UNREADABLE)
    assert not any(unreadable.values()), unreadable
    lines = page.locator(".tabs a").evaluate_all("all => all.map((one) => getComputedStyle(one).borderBottomColor)")
    expect(page.locator(".tabs [aria-current]").first).to_be_visible()
    assert len(set(lines)) == 2, lines
