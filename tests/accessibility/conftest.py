"""The stage of these tests is that of the journeys; here each page is held against axe-core."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from tests.accessibility.axe import Eyes
from tests.integrator import s256
from tests.journeys.conftest import callback, demonstration
from tests.journeys.walk import ALICE, enter

__all__ = ["callback", "demonstration"]

_WIDE, _NARROW = {"width": 1280, "height": 900}, {"width": 320, "height": 640}
#: The texts of a page that look like a date and are in no element that the reader's browser makes local.
_RAW_DATES = r"""() => {
  const found = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const date = /\b\d{4}-\d\d-\d\d\b|\b\d{1,2} (January|February|March|April|May|June|July|August|September|October|November|December)\b/;
  while (texts.nextNode()) {
    const { data, parentElement } = texts.currentNode;
    if (date.test(data) && !parentElement.closest("time, [data-datetime], code, pre, script")) found.push(data.trim());
  }
  return found;
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
    """Look at the page as it is now: in light and dark, wide and narrow. What is wrong comes out at the end."""
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
    """What is wrong in the page, wide and light, then narrow and dark: colours are the same at every width."""
    assert page.title(), name
    page.set_viewport_size(_WIDE)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    yield from (f"{name}, light: {problem}" for problem in eyes.violations(page))
    yield from (f"{name}: {text!r} is a date that no script makes local" for text in page.evaluate(_RAW_DATES))
    page.set_viewport_size(_NARROW)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    # As high as the page: what sticks to the end of a window covers half of some button wherever one has scrolled to.
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size(_NARROW | {"height": max(height, _NARROW["height"])})
    too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if too_wide > 0:
        yield f"{name}: {too_wide} pixels wider than a screen of 320"
    yield from (f"{name}, dark and narrow: {problem}" for problem in eyes.violations(page))
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
