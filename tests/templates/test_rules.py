"""The rules every template keeps: it says what it receives, and runs under the strict content security policy."""

import re
from pathlib import Path

from flask_wtf import FlaskForm

from app.parts import import_modules
from tests.tables import each

_ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((_ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted((_ROOT / "static" / "js").glob("*.js"))

_FORBIDDEN = {
    "a style attribute": r"<[^>]*\sstyle\s*=",
    "a style element": r"<style\b",
    "a script without src": r"<script\b(?![^>]*\ssrc=)",
    "an event handler": r"<[^>]*\son[a-z]+\s*=(?!=)",
    "a javascript: or data: address": r"""=\s*["']?\s*(javascript|data):""",
    "something fetched from elsewhere": r"""<(script|link|img|iframe)\b[^>]*(src|href)\s*=\s*["']?(https?:)?//""",
    "markup that is not escaped": r"\|\s*safe\b|autoescape\s+false",
}

_FORBIDDEN_IN_SCRIPTS = re.compile(
    r"innerHTML(?! = await answer\.text\(\))|outerHTML|insertAdjacentHTML|document\.write|\beval\(|\.style\b"
)


@each("template", TEMPLATES, ids=lambda path: str(path.relative_to(_ROOT)))
def test_a_template_opens_with_a_comment_that_says_what_it_receives(template):
    assert template.read_text().startswith("{# "), "Open with a comment."


@each("template", TEMPLATES, ids=lambda path: str(path.relative_to(_ROOT)))
def test_a_template_holds_nothing_that_the_content_security_policy_forbids(template):
    text = re.sub(r"\{#.*?#\}", "", template.read_text(), flags=re.DOTALL)
    # A letter's style stands in it: mail programs fetch none, and no page of ours shows it but in a frame of its own.
    allowed = {"a style element"} if template.name == "frame.html" and template.parent.name == "mail" else set()
    found = [name for name, pattern in _FORBIDDEN.items() if re.search(pattern, text, re.IGNORECASE)]
    found = [name for name in found if name not in allowed]
    assert not found, f"{template.name} holds {', '.join(found)}."


@each("template", TEMPLATES, ids=lambda path: str(path.relative_to(_ROOT)))
def test_a_title_names_the_page_and_then_the_site_in_one_way(template):
    for title in re.findall(r"{% block title %}(.*?){% endblock %}", template.read_text()):
        assert title == "{{ site_name }}" or title.endswith(" · {{ site_name }}"), title


@each("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_writes_no_styles_and_no_markup_but_what_a_template_of_ours_made(script):
    assert not _FORBIDDEN_IN_SCRIPTS.search(script.read_text())


def test_no_field_is_held_against_ascii_by_the_browser():
    """Of the type "email", "ünï@example.com" could be made on the command line and not typed on a page."""
    sources = [*TEMPLATES, *(_ROOT / "app").rglob("*.py")]
    assert [str(path) for path in sources if re.search(r"\bEmailField|type=.email\b", path.read_text())] == []


def test_every_page_with_a_form_that_posts_carries_the_token_against_forgery():
    for template in TEMPLATES:
        for form in re.findall(r"<form\b[^>]*method=\"post\".*?</form>", template.read_text(), re.DOTALL):
            assert re.search(r"csrf_token|hidden_tag\(\)", form), f"{template.name} has a form without the token."


#: Turns of phrase that had to be read twice. What is said instead stands in the templates and sentences of today.
_UNCLEAR = re.compile(
    r"Today that is no |where you let it|\bis none (of this app|that (was|the))\b|[Ll]et it go on|certain that it is you|holds from its next call"
    r"|when they lift that|cannot be told to be|all the same\."
    r"|\bFound (the|an|another|one)\b|is founded|[Oo]ptional scopes?\"|\blet it rest\b|Take away what|lets them\b"
)


def test_no_sentence_has_to_be_read_twice():
    """Text for people is read aloud before it is committed; these were found then."""
    files = [*TEMPLATES, *sorted((_ROOT / "app").rglob("*.py"))]
    found = [
        f"{path.relative_to(_ROOT)}: {match.group()}"
        for path in files
        for line in path.read_text().splitlines()
        if (path.suffix == ".html" or '"' in line) and not line.lstrip().startswith(('"""', "#"))
        for match in _UNCLEAR.finditer(line)
    ]
    assert found == []


def test_no_label_says_itself_what_the_page_says_of_it(app):
    """A field that may be left empty gets “(optional)” from the macro; a label that says so too is odd."""
    for package in ("app.accounts", "app.leaving", "app.oauth", "app.org", "app.personal"):
        # Views that come late have forms of their own.
        import_modules(package)
    forms = [form for form in _all_forms() if form.__module__.startswith("app.")]
    assert len(forms) > 30, forms
    with app.test_request_context():
        for form in forms:
            for name, field in vars(form).items():
                label = getattr(field, "args", ("",))[:1]
                assert not (label and "optional" in str(label[0]).lower()), f"{form.__name__}.{name}"


def _all_forms(base=FlaskForm):
    for form in base.__subclasses__():
        yield form
        yield from _all_forms(form)


#: What an address that a template fills in may begin with: a function that names a path of ours, or a name for what
#: such a function has made. ``way_back`` is a redirect URI, held against the rules a moment before.
_OURS = re.compile(
    r"(url_for|at_issuer|log_url|page_url|demonstration_url|narrowed\.url)\(|(action|address|switch_url|change_url|undo_url|back|target|static|(client\.)?logo_url|destination\.cancel_url|way_back|next|issuer|piece|question\.back|place\.origin ~ request\.path)\s*$|(action_url|next) or\b"
)


def test_every_address_in_a_template_is_ours_or_is_held_against_the_rules():
    """``javascript:`` in a ``href`` is a script, whoever typed it, and however long ago."""
    filled = re.compile(r"""\b(?:href|src|action|formaction)="\{\{-?\s*(.*?)\s*-?(?:\}\}|"\s*/"|$)""", re.MULTILINE)
    for template in TEMPLATES:
        text = re.sub(r"\{#.*?#\}", "", template.read_text(), flags=re.DOTALL)
        for found in filled.finditer(text):
            address = _named_in_sentence(text, found) or found[1]
            is_held = f"{address} | web_host" in text
            assert _OURS.match(address) or is_held, f"{template.name} fills in {address} unchecked."


def _named_in_sentence(text: str, found: re.Match[str]) -> str | None:
    """What stands behind the name of an address inside ``{% trans url=url_for("…") %}``; None outside of one."""
    opened = text.rfind("{% trans", 0, found.start())
    if opened <= text.rfind("{% endtrans", 0, found.start()):
        return None
    named = re.search(rf"\b{re.escape(found[1])}=(.*)", text[opened : text.index("%}", opened)])
    return named and named[1]


def test_every_empty_page_of_a_person_ends_in_a_button():
    """Whoever has nothing yet is led on."""
    templates = Path(__file__).resolve().parents[2] / "templates"
    found = 0
    for template in sorted([*(templates / "personal").rglob("*.html"), *(templates / "shared").rglob("*.html")]):
        for rest in template.read_text().split('<div class="empty">')[1:]:
            found += 1
            depth, inside = 1, ""
            for tag in re.finditer(r"</?div\b", rest):
                depth += -1 if tag[0].startswith("</") else 1
                if not depth:
                    inside = rest[: tag.start()]
                    break
            # A macro of the page's own is looked into.
            macros = re.findall(r"{{ (\w+)\(\) }}", inside)
            inside += (
                "".join(
                    re.findall(rf"{{% macro (?:{'|'.join(macros)})\(\)(.*?)endmacro", template.read_text(), re.DOTALL)
                )
                if macros
                else ""
            )
            assert 'class="button' in inside or "<button" in inside, f"{template.name}: {inside[:120]}"
    assert found > 10
