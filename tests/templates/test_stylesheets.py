"""The stylesheets: one file holds every colour, and each pair that carries text or meaning has enough contrast."""

import re
from pathlib import Path

import pytest

from tests.tables import each

_CSS = Path(__file__).resolve().parents[2] / "static" / "css"
_HEAD = Path(__file__).resolve().parents[2] / "templates" / "layouts" / "head.html"
_SHEETS = sorted(_CSS.rglob("*.css"))
_NAMED = "black|white|red|green|blue|gray|grey|silver|gold|navy|teal|orange|purple|yellow|brown|pink|beige|ivory"
_FUNCTIONS = "rgb|rgba|hsl|hsla|hwb|lab|lch|oklab|oklch|color"
_COLOUR = re.compile(rf"#[0-9a-f]{{3,8}}\b|\b(?:{_FUNCTIONS})\(|:\s*(?:{_NAMED})\b", re.IGNORECASE)

_TEXT, _SHAPE = 4.5, 3.0
#: (foreground, background, least contrast): WCAG 2.2, 1.4.3 for text and 1.4.11 for what a control is made of.
_PAIRS = [
    *[(text, ground, _TEXT) for text in ("ink", "ink-soft", "accent", "danger") for ground in ("ground", "surface")],
    *[(text, "sunken", _TEXT) for text in ("ink", "ink-soft", "accent")],
    *[(text, "accent-wash", _TEXT) for text in ("ink", "ink-soft", "accent")],
    *[(text, "gilt-wash", _TEXT) for text in ("ink", "gilt")],
    *[(text, "danger-wash", _TEXT) for text in ("ink", "danger")],
    ("accent-strong", "ground", _TEXT),
    ("on-accent", "accent", _TEXT),
    ("on-accent", "accent-strong", _TEXT),
    *[("line-strong", ground, _SHAPE) for ground in ("surface", "ground")],
    *[("focus", ground, _SHAPE) for ground in ("surface", "ground", "accent-wash", "sunken")],
]


def without_comments(path: Path) -> str:
    return re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)


def _name(path: Path) -> str:
    return path.relative_to(_CSS).as_posix()


@each("path", [path for path in _SHEETS if path.stem != "tokens"], ids=_name)
def test_every_colour_lives_in_the_tokens(path):
    assert _COLOUR.findall(without_comments(path)) == []


def test_there_are_four_layers_and_no_fifth():
    assert "@layer tokens, base, layout, components;" in (_CSS / "tokens.css").read_text()
    layers = {_name(path): re.findall(r"@layer (\w+) \{", path.read_text()) for path in _SHEETS}
    assert {name: [Path(name).parts[0].removesuffix(".css")] for name in layers} == layers


def test_a_page_has_every_stylesheet_and_the_components_in_their_order():
    """Between components of one strength the later one wins, so their order is part of how a page looks."""
    linked = re.findall(r'href="\{\{ static \}\}css/([\w/]+\.css)"', _HEAD.read_text())
    base = [f"base/{family}.css" for family in ("text", "tables", "forms")]
    families = (
        "shared",
        "choosing",
        "picker",
        "personal",
        "factors",
        "activity",
        "apps",
        "trust",
        "org",
        "guide",
        "pocket",
    )
    components = [f"components/{family}.css" for family in families]
    assert linked == ["tokens.css", *base, "layout.css", *components]
    assert sorted(linked) == sorted(map(_name, _SHEETS))


@each("path", sorted((_CSS / "components").iterdir()), ids=_name)
def test_a_family_of_components_says_what_it_holds_and_stays_small(path):
    lines = path.read_text().splitlines()
    assert re.fullmatch(r"/\* .*\. \*/", lines[0]) and lines[1] == "@layer components {"
    assert len(lines) <= 260


def test_every_token_is_defined_and_used():
    texts = [without_comments(path) for path in _SHEETS]
    defined = {name for text in texts for name in re.findall(r"(--[a-z0-9-]+)\s*:", text)}
    used = {name for text in texts for name in re.findall(r"var\((--[a-z0-9-]+)", text)}
    assert (used - defined, defined - used) == (set(), set())


def test_nothing_is_fetched_from_elsewhere():
    for path in _SHEETS:
        assert not re.search(r"@import|https?:|url\(\s*[\"']?(//|data:)", without_comments(path))


@each("scheme", ["light", "dark"])
@pytest.mark.parametrize(("foreground", "background", "least"), _PAIRS)
def test_a_pair_of_colours_has_enough_contrast(scheme, foreground, background, least):
    colours = _schemes()[scheme]
    found = _contrast(colours[foreground], colours[background])
    assert found >= least, f"{foreground} on {background} has {found:.2f}:1 in the {scheme} scheme."


def _schemes() -> dict[str, dict[str, str]]:
    light, dark = without_comments(_CSS / "tokens.css").split("@media (prefers-color-scheme: dark)")
    lights = dict(re.findall(r"--([a-z-]+):\s*#([0-9a-f]{6});", light))
    return {"light": lights, "dark": lights | dict(re.findall(r"--([a-z-]+):\s*#([0-9a-f]{6});", dark))}


def _contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
