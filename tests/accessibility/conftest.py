"""The stage of these tests is that of the journeys; here each page is held against axe-core."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from tests.accessibility.axe import Eyes
from tests.integrator import s256
from tests.journeys.conftest import callback, demonstration
from tests.journeys.walk import ALICE, enter

__all__ = ["callback", "demonstration"]

_WIDE, _NARROW = {"width": 1280, "height": 900}, {"width": 320, "height": 2400}
#: What is asked beside axe-core's rules: the title, the texts that look like a date and are in no element that the reader's
#: browser makes local, how many pixels the page is wider than the window, how high it is, and what touches: a button that
#: was laid over text, and a line right below a list's frame or a field.
_READ = r"""() => {
  const dates = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), page = document.documentElement;
  const date = /\b\d{4}-\d\d-\d\d\b|\b\d{1,2} (January|February|March|April|May|June|July|August|September|October|November|December)\b/;
  while (texts.nextNode()) {
    const { data, parentElement } = texts.currentNode;
    if (date.test(data) && !parentElement.closest("time, [data-datetime], code, pre, script")) dates.push(data.trim());
  }
  const box = (element) => element.getBoundingClientRect(), seen = (element) => element.checkVisibility();
  const above = [...document.querySelectorAll("main :is(.lines, input)")].filter(seen), touches = [];
  for (const element of above) {
    let next = element;
    while (!next.nextElementSibling && next.tagName !== "MAIN") next = next.parentElement;
    next = next.nextElementSibling;
    while (next && !seen(next)) next = next.nextElementSibling;
    if (next?.matches("p") && Math.abs(box(next).top - box(element).bottom) < 2) touches.push(next.textContent.trim());
  }
  for (const button of [...document.querySelectorAll(".example > button")].filter(seen)) {
    const letters = document.createRange(), { left, right, top, bottom } = box(button);
    letters.selectNodeContents(button.parentElement.querySelector("pre"));
    const lines = [...letters.getClientRects()];
    if (lines.some((line) => line.left < right && line.right > left && line.top < bottom - 3 && line.bottom > top + 3))
      touches.push(button.getAttribute("aria-label"));
  }
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
  return { title: document.title, dates, touches, isDark, tooWide: page.scrollWidth - page.clientWidth, height: page.scrollHeight };
}"""


@pytest.fixture(scope="session")
def eyes() -> Eyes:
    """One pair for all pages: what they have seen on one they know on the next."""
    return Eyes()


@pytest.fixture
def page(open_page, server) -> Page:
    """A tab in a browser of these tests' own, whose storage holds axe-core."""
    return open_page(locale="en-GB", reduced_motion="reduce")


@pytest.fixture
def look(page, eyes) -> Iterator[Callable[..., None]]:
    """Look at the page as it is now: wide and narrow, in light and dark. What is wrong comes out at the end."""
    problems = []

    def look(name: str, path: str | None = None) -> None:
        if path is not None:
            page.goto(path)
        problems.extend(look_at(page, eyes, name))

    page.on("console", lambda message: problems.append(message.text) if "Content Security" in message.text else None)
    page.on("pageerror", lambda error: problems.append(f"a script's error: {error}"))
    yield look
    assert not problems, "\n".join(["", *dict.fromkeys(problems)])


def look_at(page: Page, eyes: Eyes, name: str) -> Iterator[str]:
    """What is wrong in the page: wide, and narrow in the other colours, which are the same at every width.

    It begins in the colours that the page has, so that every second page is first seen in the dark.
    """
    if page.viewport_size != _WIDE:
        page.set_viewport_size(_WIDE)
    read = page.evaluate(_READ)
    assert read["title"], name
    first, second = ("dark", "light") if read["isDark"] else ("light", "dark")
    yield from (f"{name}, {first}: {problem}" for problem in eyes.violations(page))
    yield from (f"{name}: {text!r} is a date that no script makes local" for text in read["dates"])
    page.emulate_media(color_scheme=second)
    # As high as the page: what sticks to the end of a window covers half of some button wherever one has scrolled to.
    page.set_viewport_size(_NARROW)
    read = page.evaluate(_READ)
    if read["height"] > _NARROW["height"]:
        page.set_viewport_size(_NARROW | {"height": read["height"]})
    if read["tooWide"] > 0:
        yield f"{name}: {read['tooWide']} pixels wider than a screen of 320"
    yield from (f"{name}, narrow: {text!r} touches what is beside it" for text in read["touches"])
    yield from (f"{name}, {second} and narrow: {problem}" for problem in eyes.violations(page))
    page.set_viewport_size(_WIDE)


@pytest.fixture
def link(server, demonstration, callback):
    """The link by which an app sends people to us."""

    def make(app_name: str = "Acme Notebook", scope: str = "memories:read memories:write") -> str:
        client_id = demonstration.clients[app_name].client_id
        return (
            f"{server.url}/oauth/authorize?response_type=code&client_id={client_id}&redirect_uri={callback.url}"
            f"&state=x&scope={scope.replace(' ', '+')}&code_challenge={s256('v' * 43)}&code_challenge_method=S256"
        )

    return make


@pytest.fixture
def alice(page, server, demonstration):
    enter(page, server, ALICE)
