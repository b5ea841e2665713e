"""Every sentence of a template is marked for translation where it is written: with ``_("…")`` or ``{% trans %}``.

A template is read as Jinja reads it. What is left as plain text, and what stands as a string in an expression, is then
looked at as a browser would: text and attributes that a person reads need a mark, addresses and code do not.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, nodes

from tests.tables import each

_TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
_NAMES = sorted(path.relative_to(_TEMPLATES).as_posix() for path in _TEMPLATES.rglob("*.html"))

#: What a program reads, or what a person types as it stands.
_NOT_PROSE = ("code", "pre", "script", "style")
#: The attributes that are read out or shown.
_READ_ATTRIBUTES = (
    "alt",
    "aria-description",
    "aria-label",
    "aria-roledescription",
    "data-copied",
    "data-label",
    "data-none-found",
    "data-ticked",
    "label",
    "placeholder",
    "title",
)


_MARKS = ("_", "gettext", "ngettext", "pgettext", "npgettext")
#: Blocks whose text is put into the middle of an attribute.
_ATTRIBUTE_BLOCKS = ("frame",)
#: Macros that are called with an example of what a program reads.
_EXAMPLES = ("answer", "exchange")
_LETTER = re.compile(r"[^\W\d_]")
#: A string in an expression that reads like words to a person: with a capital, or of several words.
_WORDS = re.compile(r"^[\W\d]*[A-Z][a-z]|[^\W\d_]{2,}[,.:;]? +[^\W\d_]+")
#: An address on this server is the same in every language.
_ADDRESS = re.compile(r"/\w+")
#: Where something is put into a string.
_PLACES = re.compile(r"%[a-z]|%\(\w+\)s|\{[^}]*\}")


def _environment() -> Environment:
    return Environment(extensions=["jinja2.ext.i18n"], autoescape=True)


class _Page:
    """Where in a page the next piece of a template stands: in text, in a tag, or in a tag's attribute."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.tag: str | None = None
        self.attribute: str | None = None
        self._before = ""

    @property
    def is_read(self) -> bool:
        """Whether a person reads what stands here."""
        if self.attribute is not None:
            return self.attribute in _READ_ATTRIBUTES
        return self.tag is None and not any(tag in _NOT_PROSE for tag in self.open)

    def pieces(self, text: str) -> Iterator[tuple[int, str]]:
        """Go over a piece of plain text; the parts of it that a person reads, each with its place in the piece."""
        at = 0
        while at < len(text):
            if self.attribute is not None:
                end = text.find('"', at)
                end = len(text) if end < 0 else end
                if self.is_read:
                    yield at, text[at:end]
                if end < len(text):
                    self.attribute = None
                at = end + 1
            elif self.tag is not None:
                found = re.compile(r'([\w-]+)="|>').search(text, at)
                if found is None:
                    return
                at = found.end()
                if found.group(1):
                    self.attribute = found.group(1)
                else:
                    self._close_tag(text[: found.start()].endswith("/"))
            else:
                found = re.compile(r"<(/?[A-Za-z!][A-Za-z0-9]*)").search(text, at)
                end = found.start() if found else len(text)
                if self.is_read and end > at:
                    yield at, text[at:end]
                if found is None:
                    return
                self.tag = found.group(1).lower()
                at = found.end()

    def _close_tag(self, is_empty: bool) -> None:
        tag, self.tag = self.tag or "", None
        if tag.startswith("/"):
            if tag[1:] in self.open:
                del self.open[len(self.open) - 1 - self.open[::-1].index(tag[1:])]
        elif tag in _NOT_PROSE and not is_empty:
            self.open.append(tag)


def _find_unmarked(source: str) -> Iterator[tuple[int, str]]:
    """Each sentence that nobody marked, with its line."""
    yield from _look(_environment().parse(source).body, _Page())


def _look(body: list[nodes.Node], page: _Page) -> Iterator[tuple[int, str]]:
    for node in body:
        if isinstance(node, nodes.Output):
            for child in node.nodes:
                if isinstance(child, nodes.TemplateData):
                    for at, text in page.pieces(child.data):
                        if _LETTER.search(text) and not _ADDRESS.fullmatch(text):
                            start = at + len(text) - len(text.lstrip())
                            yield child.lineno + child.data[:start].count("\n"), text.strip()
                else:
                    yield from _look_into(child, page.is_read)
        elif _is_for_programs(node):
            continue
        else:
            for name in node.fields:
                value = getattr(node, name)
                if isinstance(value, list) and name in ("body", "else_", "elif_"):
                    yield from _look(value, page)
                elif name in ("defaults", "call", "node", "test", "iter", "target", "args", "values", "filter"):
                    for one in value if isinstance(value, list) else [value]:
                        if isinstance(one, nodes.Node):
                            yield from _look_into(one, is_read=False)


def _is_for_programs(node: nodes.Node) -> bool:
    if isinstance(node, nodes.CallBlock):
        return isinstance(node.call.node, nodes.Name) and node.call.node.name in _EXAMPLES
    return isinstance(node, nodes.Block) and node.name in _ATTRIBUTE_BLOCKS


def _look_into(expression: nodes.Node, is_read: bool) -> Iterator[tuple[int, str]]:
    """Each string of an expression that a person would read."""
    if isinstance(expression, nodes.Const):
        words = _PLACES.sub("", expression.value) if isinstance(expression.value, str) else ""
        if _LETTER.search(words) and (is_read or _WORDS.search(words)):
            yield expression.lineno, expression.value
        return
    if isinstance(expression, nodes.Compare | nodes.Test | nodes.Getitem):
        return
    if isinstance(expression, nodes.Call):
        called = expression.node.name if isinstance(expression.node, nodes.Name) else None
        if called in _EXAMPLES:
            return
        if called in _MARKS:
            if any(not isinstance(one, nodes.Const) for one in expression.args[:1]):
                yield expression.lineno, f"{called}() of something else than a sentence, which would not be escaped"
            return
        is_read = False
    elif isinstance(expression, nodes.Dict):
        # The values of a sentence, where the trans block put them.
        for pair in expression.items:
            yield from _look_into(pair.value, is_read)
        return
    elif isinstance(expression, nodes.Filter):
        # A block that is filtered has its text in its body.
        if expression.node is not None:
            yield from _look_into(expression.node, is_read)
        for one in [*expression.args, *expression.kwargs]:
            yield from _look_into(one, is_read=False)
        return
    elif isinstance(expression, nodes.CondExpr):
        yield from _look_into(expression.expr1, is_read)
        if expression.expr2 is not None:
            yield from _look_into(expression.expr2, is_read)
        return
    for child in expression.iter_child_nodes():
        yield from _look_into(child, is_read)


@each("name", _NAMES)
def test_every_sentence_of_the_template_is_marked(name: str):
    unmarked = [f"templates/{name}:{line}: {text}" for line, text in _find_unmarked((_TEMPLATES / name).read_text())]
    assert not unmarked, "\n".join(["", *unmarked])


@each(
    ("source", "found"),
    [
        ("<p>Sign in</p>", "Sign in"),
        ("<p>{% if x %}Sign in{% else %}{{ _('Go') }}{% endif %}</p>", "Sign in"),
        ("<p>{% if x %}{{ _('Go') }}{% elif y %}Sign in{% endif %}</p>", "Sign in"),
        ("{% for x in y %}{{ x }}{% else %}None{% endfor %}", "None"),
        ("{% block title %}Sign in{% endblock %}", "Sign in"),
        ("{% macro m() %}Sign in{% endmacro %}", "Sign in"),
        ("{% call m() %}<p>Sign in</p>{% endcall %}", "Sign in"),
        ("{% set x %}Sign in{% endset %}", "Sign in"),
        ("{% with %}Sign in{% endwith %}", "Sign in"),
        ('<p class="x">{{ "apps" if x else "app" }}</p>', "apps"),
        ("<p>{{ x ~ ' times' }}</p>", " times"),
        ("<p>{{ x or 'nothing' }}</p>", "nothing"),
        ("<p>{{ act(url, 'Pause') }}</p>", "Pause"),
        ("{% set x = 'Sign in' %}", "Sign in"),
        ("{% macro m(older='Older') %}{% endmacro %}", "Older"),
        ("{% call sure('Keep it') %}{% endcall %}", "Keep it"),
        ("{% for x, y in (('a', 'Apps'),) %}{% endfor %}", "Apps"),
        ("{% trans x='it' if y else 'them' %}Delete {{ x }}{% endtrans %}", "it"),
        ('<img alt="Our mark">', "Our mark"),
        ('<img alt="{{ x }} mark">', "mark"),
        ('<td data-label="Made">', "Made"),
        ('<input placeholder="Recipes" value="x">', "Recipes"),
        ('<nav aria-label="{% if x %}Pages{% endif %}">', "Pages"),
        ("<p>{{ _(title) }}</p>", "_() of something else than a sentence, which would not be escaped"),
        ("<p>one <code>two</code> three</p>", "one"),
    ],
)
def test_an_unmarked_sentence_is_found(source: str, found: str):
    assert found in [text for _line, text in _find_unmarked(source)]


@each(
    "source",
    [
        "<p>{{ _('Sign in') }} · {{ site_name }}</p>",
        "<p>{% trans name=client.name %}Authorize <b>{{ name }}</b>?{% endtrans %}</p>",
        "<p>{% trans count=2 %}{{ count }} app{% pluralize %}{{ count }} apps{% endtrans %}</p>",
        "<p><code>redirect_uri</code>: <code>{{ 'scope' }}</code></p>",
        '<input type="hidden" name="action" value="continue">',
        '<p class="notice{{ " error" if x }}" role="{{ "alert" if x else "status" }}">{{ x }}</p>',
        '<a href="{{ url_for("org.list_clients", show="failed" if x else none) }}">{{ x | join(", ") }}</a>',
        "{% if field.type in ('StringField', 'TextAreaField') %}{% endif %}",
        "<p>{{ '{:,}'.format(count) }} {{ '%g' | format(x) }}</p>",
        "<script src='x'>let words = 1;</script>",
        "{# A comment. #}",
    ],
)
def test_what_no_person_reads_needs_no_mark(source: str):
    assert list(_find_unmarked(source)) == []


def test_the_line_is_told():
    assert list(_find_unmarked("<p>\n\n  Sign in\n</p>\n{% if x %}\n<b>Go</b>{% endif %}")) == [
        (3, "Sign in"),
        (6, "Go"),
    ]


_SCRIPTS = sorted((_TEMPLATES.parent / "static" / "js").glob("*.js"))
_STRING = re.compile(r"`(?:[^`\\]|\\.)*`|\"(?:[^\"\\]|\\.)*\"")


def _find_sentences(script: str) -> list[str]:
    """The strings of a script that read like a sentence; a string inside a program's text is part of that."""
    code = re.sub(r"^\s*//.*$", "", script, flags=re.MULTILINE)
    return [text for text in _STRING.findall(code) if re.match(r".[A-Z][a-z]*(?:: | [a-z]|[.!?].$)", text)]


@each("path", _SCRIPTS, ids=lambda path: path.name)
def test_a_script_takes_its_words_from_the_page(path: Path):
    assert _find_sentences(path.read_text()) == []


def test_a_sentence_of_a_script_is_found():
    script = """// It says "Not this".\nx("Copied."); y(`Right: ${z}`); f("a b", "#step-1", `url("It is code.")`); g("Begin again");"""
    assert _find_sentences(script) == ['"Copied."', "`Right: ${z}`", '"Begin again"']


def test_every_word_that_the_playground_says_is_on_its_page():
    script = (_TEMPLATES.parent / "static" / "js" / "playground.js").read_text()
    page = (_TEMPLATES / "org" / "playground.html").read_text()
    there = set(re.findall(r'data-name="([\w-]+)"', page))
    said = {name for call in re.findall(r"say\((.*?)[),]", script) for name in re.findall(r'"([\w-]+)"', call)}
    assert said and said == {name for name in there if not name.startswith("error-")}
