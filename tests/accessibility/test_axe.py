"""That a page with something wrong is seen: otherwise the other tests would pass for ever."""

import pytest

from tests.accessibility.axe import Eyes
from tests.accessibility.conftest import look_at

_SMALL = "<a href='/a' class='small'>a</a><a href='/b' class='small'>b</a>"
_LARGE_STYLE, _SMALL_STYLE = (
    f".small {{ display: inline-block; width: {size}px; height: {size}px; line-height: 9px }}" for size in (40, 9)
)
_ROWS = "<p>Words</p><ul>" + "<li><strong class='row'>A row</strong></li>" * 30 + "</ul>"
_LINKED = "<p class='words'>Words and <a href='/a' class='link'>a link</a> among them.</p>"
_DARK, _NARROW = "@media (prefers-color-scheme: dark)", "@media (max-width: 400px)"
#: What is wrong -> at which look, by which rule, what is put into the page's main, and its style.
BROKEN = {
    "an image without a text": ("light", "image-alt", "<img src='/static/mark.svg'>", ""),
    "a field without a label": ("light", "label", "<input type='text'>", ""),
    "a button without a name": ("light", "button-name", "<button></button>", ""),
    "a heading that leaves out some": ("light", "heading-order", "<h6>Far below</h6>", ""),
    "a target too small": ("light", "target-size", _SMALL, _SMALL_STYLE),
    "a target too small where it is narrow": (
        *("dark", "target-size", _SMALL),
        f"{_LARGE_STYLE} {_NARROW} {{ {_SMALL_STYLE} }}",
    ),
    "a field without a label where it is narrow": (
        *("dark", "label", "<input type='text' class='more'>"),
        f".more {{ display: none }} {_NARROW} {{ .more {{ display: block }} }}",
    ),
    "a label gone where it is narrow": (
        *("dark", "label", "<label><span class='word'>Name</span> <input type='text'></label>"),
        f"{_NARROW} {{ .word {{ display: none }} }}",
    ),
    "a heading gone where it is narrow": (
        *("dark", "heading-order", "<h2 class='gone'>Above</h2><h3>Below</h3>"),
        f"{_NARROW} {{ .gone {{ display: none }} }}",
    ),
    # Of one of the same colour axe-core thinks that nobody is meant to find it.
    "a link almost like the words around it": (
        *("light", "link-in-text-block", _LINKED),
        ".words { color: #222 } .link { text-decoration: none; color: #333; font-weight: inherit }",
    ),
    "a link almost like the words around it in the dark": (
        *("dark", "link-in-text-block", _LINKED),
        f"{_DARK} {{ .words {{ color: #eee }} .link {{ text-decoration: none; color: #ddd; font-weight: inherit }} }}",
    ),
    "words of a bad colour": ("light", "color-contrast", "<p class='bad'>Words</p>", ".bad { color: #ccc }"),
    # Of one letter axe-core does not say whether it is good.
    "words of a bad colour after a letter of it": (
        *("light", "color-contrast", "<p class='bad'>x</p><p class='bad'>Words</p>"),
        ".bad { color: #bbb }",
    ),
    "words of a bad colour in the dark": (
        *("dark", "color-contrast", "<p class='bad'>Words</p>"),
        f"{_DARK} {{ .bad {{ color: #333 }} }}",
    ),
    "a bad colour in the dark of a row far down": (
        *("dark", "color-contrast", _ROWS),
        f"{_DARK} {{ li:nth-child(27) .row {{ color: #333 }} }}",
    ),
    "a faded row": ("light", "color-contrast", _ROWS, "li:nth-child(27) { opacity: 0.4 }"),
    "a row on another ground": ("light", "color-contrast", _ROWS, "li:nth-child(27) { background: #444 }"),
    "a ground under a row, put there": (
        *("light", "color-contrast", f"<div class='place'><div class='under'></div>{_ROWS}</div>"),
        ".place { position: relative } .under { position: absolute; inset: 0; background: #444 } ul { position: relative }",
    ),
    "words that stand out of their ground": (
        *(
            "light",
            "color-contrast",
            "<p class='box'>In <span class='out'>out</span></p><p class='box'><span>In</span></p>",
        ),
        ".box { width: 8rem; background: #111; color: #fff } .out { position: relative; left: 20rem }",
    ),
    "larger letters that are small once": (
        *("light", "color-contrast", _ROWS),
        ".row { font-size: 40px; color: #777 } li:nth-child(27) .row { font-size: 14px }",
    ),
}


@pytest.fixture
def broken(page, server):
    """A page to break: ``broken(html, style)`` puts these in, in place of what was before, in light colours."""
    page.goto(server.url + "/sign-in")
    page.evaluate("""() => {
        document.querySelector('main').insertAdjacentHTML('beforeend', '<div class="broken"></div>');
        // A style in the page's own text would be refused by its policy; one set by a script is not.
        document.adoptedStyleSheets = [new CSSStyleSheet()];
    }""")

    def broken(html: str, style: str) -> None:
        page.emulate_media(color_scheme="light")
        page.evaluate(
            """([html, style]) => {
                document.querySelector('.broken').innerHTML = html;
                document.adoptedStyleSheets[0].replaceSync(style);
            }""",
            [html, style],
        )

    return broken


def test_what_is_wrong_is_seen(page, eyes, broken):
    """Also where much has been seen before, and only where it is."""
    assert not list(look_at(page, eyes, "as it is"))
    broken(_ROWS, "")
    assert not list(look_at(page, eyes, "thirty rows"))
    for name, (when, rule, html, style) in BROKEN.items():
        broken(html, style)
        problems = [problem for problem in look_at(page, eyes, name) if f" {rule} " in problem]
        found = [look for look in ("light", "dark") if any(f"{name}, {look}" in problem for problem in problems)]
        assert found[:1] == [when], (name, problems)


def test_what_does_not_depend_on_the_look_is_asked_once(page, broken):
    """Until something is to be seen that was not, or anything more than words is gone."""
    eyes, asked = Eyes(), []
    for html in ("<p>Words</p>", "<p>Some <span class='away'>words</span></p>", "<p class='away'>Words</p>"):
        broken(html, f"{_NARROW} {{ .away {{ display: none }} }}")
        assert not list(look_at(page, eyes, html))
        asked.append(eyes.asked_all)
    assert asked == [False, False, True]
