"""axe-core in a page, spared of what it has computed before."""

from collections.abc import Iterator
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

#: Rules of WCAG 2.2 up to level AA, and what axe-core's makers hold to be good practice.
_OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
_LOOK = Path(__file__).with_name("look.js").read_text(encoding="utf-8")
#: The script is half a megabyte. To hand it to each page costs as much as half a look; so the browser's own storage keeps
#: it, and what it was compiled to is found again as well.
_LOOK_FROM_STORAGE = """([options, passed]) => {
  if (typeof look === "undefined") {
    const script = localStorage.getItem("axe");
    if (script === null) return null;
    (0, eval)(script);
  }
  return look(options, passed);
}"""


class Eyes:
    """Looks at pages by axe-core's rules.

    What they have seen before is not computed again: letters of one kind on one ground, on whichever page, and at a
    second look at a page that has changed its colours or width alone the rules that do not depend on these.
    """

    def __init__(self):
        self._script = Axe().axe_script + _LOOK
        self._passed: list[str] = []
        #: Whether all rules were asked at the last look.
        self.asked_all = True

    def violations(self, page: Page) -> Iterator[str]:
        """What is wrong in the page as it is now: how bad, which rule, where."""
        seen = page.evaluate(_LOOK_FROM_STORAGE, [_OPTIONS, self._passed])
        if seen is None:
            page.evaluate("script => localStorage.setItem('axe', script)", self._script)
            seen = page.evaluate(_LOOK_FROM_STORAGE, [_OPTIONS, self._passed])
        self._passed += seen["passed"]
        self.asked_all = seen["all"]
        for violation in seen["violations"]:
            places = "; ".join(node["html"][:160] for node in violation["nodes"][:3])
            yield f"{violation['impact']}, {violation['id']} ({violation['help']}): {places}"
