"""That a page with something wrong is seen: otherwise the other tests would pass for ever."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.accessibility.conftest import violations

#: rule -> what breaks it, put into the page's main.
BROKEN = {
    "image-alt": "<img src='/static/mark.svg'>",
    "label": "<input type='text'>",
    "color-contrast": "<p style='color: #999; background: #fff'>Hardly to be read</p>",
    "button-name": "<button></button>",
    "heading-order": "<h6>Far below</h6>",
    "target-size": "<a href='/a' style='display:inline-block;height:9px;line-height:9px'>a</a>"
    "<a href='/b' style='display:inline-block;height:9px;line-height:9px'>b</a>",
}


@pytest.mark.parametrize("rule", BROKEN)
def test_what_is_wrong_is_seen(page, server, rule):
    page.goto(server.url + "/sign-in")
    assert not [problem for problem in violations(Axe(), page) if rule in problem]
    page.evaluate("html => document.querySelector('main').insertAdjacentHTML('beforeend', html)", BROKEN[rule])
    # A style in the page's own text would be refused by its policy; one set by a script is not.
    page.evaluate("""() => document.querySelectorAll('main [style]').forEach(
        one => one.style.cssText = one.getAttribute('style'))""")
    assert [problem for problem in violations(Axe(), page) if rule in problem]
