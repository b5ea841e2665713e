"""English stands in the templates as they are compiled; another language needs a catalogue and Jinja's extension."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from flask import Flask, render_template_string
from flask_babel import gettext
from flask_wtf import FlaskForm
from jinja2 import Environment, FileSystemLoader, TemplateSyntaxError
from werkzeug.datastructures import MultiDict
from wtforms import StringField
from wtforms.validators import DataRequired

from app import sentences
from app.http import languages
from app.http.languages import EnglishSentences
from app.sentences import _, ngettext
from tests.tables import each

_TEMPLATES = Path(__file__).resolve().parents[2] / "templates"

#: Every way in which a template marks a sentence, with what it says.
_SAMPLES = [
    ('{{ _("Sign in") }}', "Sign in"),
    ('{{ _("Tom\'s & 100%% of it") }}', "Tom's & 100% of it"),
    ('{{ _("Leave %(name)s?", name=name) }}', "Leave &lt;Ada&gt;?"),
    ('{{ _("Save") if count else _("Make it") }}', "Save"),
    ('{{ _("Fix:") ~ " " ~ name }}', "Fix: &lt;Ada&gt;"),
    ("{% trans %}Sign in{% endtrans %}", "Sign in"),
    ("{% trans %}100% of <b>{{ name }}</b>{% endtrans %}", "100% of <b>&lt;Ada&gt;</b>"),
    ("{% trans %}One line\n    and the next.\n{% endtrans %}", "One line and the next."),
    ("{% trans who=name | upper %}It is {{ who }}.{% endtrans %}", "It is &lt;ADA&gt;."),
    ("{% trans count=1 %}{{ count }} app{% pluralize %}{{ count }} apps{% endtrans %}", "1 app"),
    ("{% trans count %}{{ count }} app{% pluralize %}{{ count }} apps{% endtrans %}", "3 apps"),
    ("{% trans name, count %}{{ name }}{% pluralize count %}{{ name }} and more{% endtrans %}", "&lt;Ada&gt; and more"),
    (
        "{% macro b() %}<b>{{ name }}</b>{% endmacro %}{% trans who=b() %}To {{ who }}{% endtrans %}",
        "To <b>&lt;Ada&gt;</b>",
    ),
]


def _environment(extension: type | str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), extensions=[extension], autoescape=True, keep_trailing_newline=True
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(
        lambda sentence: sentence, lambda one, many, count: one if count == 1 else many, newstyle=True
    )
    return environment


@each("extension", [EnglishSentences, "jinja2.ext.i18n"])
@pytest.mark.parametrize(("source", "said"), _SAMPLES)
def test_a_template_says_the_same_compiled_in_english_or_looked_up(extension: type | str, source: str, said: str):
    assert _environment(extension).from_string(source).render(name="<Ada>", count=3) == said


def test_a_sentence_of_a_template_is_not_looked_up_while_the_page_is_made():
    environment = _environment(EnglishSentences)
    environment.globals["gettext"] = environment.globals["_"] = environment.globals["ngettext"] = None
    for source, said in _SAMPLES:
        if "name=name" not in source:
            assert environment.from_string(source).render(name="<Ada>", count=3) == said


@each("name", sorted(path.relative_to(_TEMPLATES).as_posix() for path in _TEMPLATES.rglob("*.html")))
def test_every_template_is_ready_for_jinjas_own_extension(app: Flask, name: str):
    environment = _environment("jinja2.ext.i18n")
    environment.filters |= app.jinja_env.filters
    try:
        # As it is compiled, but for what Python itself makes of that.
        environment.compile((_TEMPLATES / name).read_text(), name, raw=True)
    except TemplateSyntaxError as error:
        pytest.fail(f"{name} line {error.lineno}: {error.message}")


@pytest.fixture
def german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """A small app whose pages speak German, with a catalogue of three sentences."""
    monkeypatch.setattr(sentences, "_speak", sentences._speak)
    catalogue = Catalog(locale="de")
    catalogue.add("Give %(name)s a name.", "Gib %(name)s einen Namen.")
    catalogue.add("Sign in", "Anmelden")
    catalogue.add(("%(num)s app", "%(num)s apps"), ("%(num)s Anwendung", "%(num)s Anwendungen"))
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "messages.mo").open("wb") as file:
        write_mo(file, catalogue)
    app = Flask(__name__)
    app.config |= {"BABEL_DEFAULT_LOCALE": "de", "BABEL_TRANSLATION_DIRECTORIES": str(tmp_path)}
    languages.init_app(app)
    return app


def test_what_code_has_marked_is_said_in_the_language_of_the_page(german: Flask):
    with german.test_request_context():
        said = [_("Give %(name)s a name.", name="<it>"), ngettext("%(num)s app", "%(num)s apps", 2), _("Not in it")]
        assert render_template_string("{{ said | join('; ') }}", said=said) == (
            "Gib &lt;it&gt; einen Namen.; 2 Anwendungen; Not in it"
        )
        assert gettext("Sign in") == "Anmelden"
        assert said[0] == "Give <it> a name.", "On the wire and in the log it stays English."


def test_the_sentences_can_be_collected_for_a_translator():
    """One message a sentence, whatever lines it stands on; what it names is named by a word."""
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2)}
    options = {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}
    ways = [("templates/**/*.html", "jinja2", options), ("app/**/*.py", "python", {})]
    found = [
        one
        for files, method, how in ways
        for path in _TEMPLATES.parent.glob(files)
        # Reading Python's words takes long, and where none of these is there is nothing to find.
        if method != "python" or re.search(r"\b(?:_|n?gettext)\s*\(", path.read_text())
        for one in extract_from_file(method, path, keywords, options=how)
    ]
    messages = {one for _line, message, *_rest in found for one in ([message] if isinstance(message, str) else message)}
    assert {
        "Sign in",
        "Choose a password.",
        "%(amount)s memories",
        "read and search the memories you choose",
    } <= messages
    assert len(messages) > 900
    strange = re.compile(r"\s\s|%\(\w+\)s.*%(?!\(\w+\)s)", re.DOTALL)
    assert [message for message in messages if strange.search(message)] == []


def test_the_pages_speak_english_alone(app: Flask):
    with app.test_request_context(headers={"Accept-Language": "de"}):
        assert gettext("Sign in") == "Sign in"
        assert render_template_string("{{ said }}", said=_("Sign in")) == "Sign in"
    assert EnglishSentences.identifier in app.jinja_env.extensions


def test_a_form_reads_no_catalogue(app: Flask, monkeypatch):
    """WTForms says its own sentences in English anyway."""

    class Named(FlaskForm):
        name = StringField(validators=[DataRequired()])

    monkeypatch.setattr("babel.support.Translations.load", None)
    with app.test_request_context(method="POST"):
        form = Named(MultiDict({"name": ""}), meta={"csrf": False})
        assert not form.validate() and form.errors == {"name": ["This field is required."]}
