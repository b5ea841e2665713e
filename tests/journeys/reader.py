"""A person who knows nothing but what the page before them says: they follow its links and press its buttons by name."""

import re
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import Locator, Page, Response

#: How many headings of the first level a page has, and how many visible ways on lead out of what it is about.
_COUNT = """() => {
  const ways = [...document.querySelectorAll("main :is(a[href], button, input[type=submit])")];
  const isSeen = (way) => way.checkVisibility({ visibilityProperty: true }) && way.getBoundingClientRect().width > 0;
  return [document.querySelectorAll("h1").length, ways.filter(isSeen).length];
}"""


class Reader:
    """Goes on from where they stand. After the first address none is typed, and no page may be a dead end."""

    def __init__(self, page: Page, address: str):
        self.page = page
        self.visited: list[str] = []
        self._problems: list[str] = []
        page.on("response", self._note)
        page.on("pageerror", lambda error: self._problems.append(f"a script's error: {error}"))
        page.goto(address)
        self._look()

    def follow(self, name: str) -> None:
        """Follow a link."""
        self._go(self._find("link", name))

    def open_letter(self, path: str) -> None:
        """Open the address that a letter brought."""
        self.page.goto(urljoin(self.page.url, path))
        self._look()

    def press(self, name: str) -> None:
        """Press a button that leads to a page."""
        self._go(self._find("button", name))

    def fill(self, label: str, text: str) -> None:
        """Type into the field whose label begins so; what it says of itself, such as "(optional)", follows."""
        self.page.get_by_label(re.compile(f"^{re.escape(label)}")).locator("visible=true").first.fill(text)

    def wait_for(self, text: str) -> None:
        """Wait on a page that goes on by itself."""
        self.page.get_by_text(text).first.wait_for()
        self._look()

    def tick(self, name: str, *, role: str = "checkbox") -> None:
        self.page.get_by_role(role, name=name).first.check()

    def choose_file(self, label: str, path: Path) -> None:
        self.page.get_by_label(label).set_input_files(path)

    def reads(self, *texts: str) -> None:
        """See that the page says these."""
        told = self.text
        for text in texts:
            assert text in told, f"{self.page.url} does not say {text!r}:\n{told}"

    def reads_no(self, *texts: str) -> None:
        """See that the page says none of these."""
        told = self.text
        for text in texts:
            assert text not in told, f"{self.page.url} says {text!r}:\n{told}"

    @property
    def text(self) -> str:
        return " ".join(self.page.locator("body").inner_text().split())

    def _find(self, role: str, name: str) -> Locator:
        """The thing of this name in the page itself, else in what stands around it; the whole name before a part of it."""
        for place in (self.page.get_by_role("main"), self.page.locator("body")):
            for exact in (True, False):
                found = place.get_by_role(role, name=name, exact=exact).locator("visible=true")
                if found.count():
                    return found.first
        raise AssertionError(f"{self.page.url} has no {role} {name!r}:\n{self.text}")

    def _go(self, control: Locator) -> None:
        with self.page.expect_navigation():
            control.click()
        self._look()

    def _look(self) -> None:
        """No page is a failure, says nothing, or leads nowhere."""
        self.visited.append(self.page.url)
        assert not self._problems, "\n".join(self._problems)
        headings, ways = self.page.evaluate(_COUNT)
        assert headings == 1, self.text
        assert ways, f"{self.page.url} is a dead end:\n{self.text}"

    def _note(self, response: Response) -> None:
        if response.request.is_navigation_request() and response.status >= 400:
            self._problems.append(f"{response.url} answered {response.status}")
