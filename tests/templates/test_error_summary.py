"""The one summary of errors: whatever kind of error a form of ours holds, it is told, and leads to its field."""

import pkgutil
import re
from functools import cache
from importlib import import_module

import pytest
from flask import render_template
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import FieldList, Form, FormField, StringField
from wtforms.validators import Length
from wtforms.widgets import HiddenInput

import app as the_app
from tests.tables import each
from tests.templates.conftest import Page
from tests.templates.test_rules import TEMPLATES

LAYOUTS = ("layouts/base.html", "layouts/decision.html")
_PAGE = """
{%% extends "%s" %%}
{%% from "macros/forms.html" import field %%}
{%% block title %%}A page{%% endblock %%}
{%% block main %%}<form>{%% for one in form %%}{{ field(one) }}{%% endfor %%}</form>{%% endblock %%}
"""


class _Person(Form):
    name = StringField("Name")


class NestedForm(FlaskForm):
    """What none of ours has yet: a list, a form in a form, and a list of these."""

    words = FieldList(StringField("Word", [Length(max=3, message="That word is too long.")]), "Words", min_entries=2)
    person = FormField(_Person, "Person")
    people = FieldList(FormField(_Person), "People", min_entries=1)


for _module in pkgutil.walk_packages(the_app.__path__, "app."):
    if _module.name.endswith(("forms", "sure")):
        import_module(_module.name)


def _all_forms(base=FlaskForm):
    for form in base.__subclasses__():
        if form.__module__.startswith("app."):
            yield form
        yield from _all_forms(form)


#: What a form asks about, where it is made of that.
MADE_OF = {"ScopeForm": (["memories:read"],)}
FORMS = sorted(set(_all_forms()), key=lambda form: form.__qualname__)


@pytest.fixture(scope="module")
def render(app):
    """A page with one form of this class, after something was done to the form; and that form."""

    # Compiled once: to compile takes ten times as long as to render.
    compiled = cache(lambda layout: app.jinja_env.from_string(_PAGE % layout))

    def render(form_class, prepare, *, layout=LAYOUTS[0], sent=None, **given) -> tuple[Page, FlaskForm]:
        with app.test_request_context("/", method="POST"):
            form = form_class(
                *MADE_OF.get(form_class.__name__, ()), formdata=MultiDict(sent or {}), meta={"csrf": False}
            )
            prepare(form)
            return Page(render_template(compiled(layout), form=form, **given)), form

    return render


def summary_of(page: Page) -> str:
    """The text of the summary; an AssertionError when there is none, or when a list in it is empty."""
    (whole,) = re.findall(r'<div class="notice error" id="errors".*?</div>\s*</div>', page.html, re.DOTALL)
    assert not re.search(r"<ul>\s*</ul>|<li>\s*</li>|<p>\s*</p>", whole), whole
    text = " ".join(re.sub(r"<[^>]+>", " ", whole).split())
    assert text and not text.endswith(":"), f"Nothing follows “{text}”."
    return text


def title_of(page: Page) -> str:
    return " ".join(re.search(r"<title>(.*?)</title>", page.html, re.DOTALL)[1].split())


def test_there_are_forms_to_look_at():
    names = {form.__name__ for form in FORMS}
    assert {"SignInForm", "RegisterForm", "EditForm", "LogoForm", "InviteForm", "MementoChoiceForm"} <= names


@each("layout", LAYOUTS)
@pytest.mark.parametrize("form_class", FORMS, ids=lambda form: form.__name__)
def test_an_error_of_the_whole_form_is_told_and_no_empty_list_with_it(render, form_class, layout):
    """After a wrong password the page said “Please look at this again:” over nothing."""
    page, _ = render(form_class, lambda form: form.form_errors.append("These do not fit together."), layout=layout)

    assert summary_of(page) == "These do not fit together."
    assert title_of(page) == "Error: A page"


@each("form_class", FORMS, ids=lambda form: form.__name__)
def test_an_error_of_each_field_is_told_and_leads_to_it(render, form_class):
    def prepare(form):
        for field in form:
            field.errors = [f"The {field.name} is wrong."]
        form.form_errors.append("And the whole of it.")

    page, form = render(form_class, prepare)

    told = summary_of(page)
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    for field in form:
        assert f"The {field.name} is wrong." in told
        is_hidden = isinstance(field.widget, HiddenInput)
        assert bool(page.all("a", href=f"#{field.id}")) is not is_hidden, "A hidden field cannot be gone to."
        assert is_hidden or field.id in ids
    assert "And the whole of it." in told


@each("form_class", FORMS, ids=lambda form: form.__name__)
def test_a_form_without_errors_has_no_summary(render, form_class):
    page, _ = render(form_class, lambda form: None)
    assert 'id="errors"' not in page.html
    assert title_of(page) == "A page"


def test_errors_in_lists_and_in_forms_within_forms_are_told_one_by_one(render):
    def prepare(form):
        form.validate()
        form.words.errors = [*form.words.errors, "There are too few words."]
        form.person.form.name.errors = ["A person has a name."]
        form.person.form.form_errors.append("That person is not known.")
        form.people.entries[0].form.name.errors = ["So have all people."]

    page, _form = render(NestedForm, prepare, sent={"words-0": "yes", "words-1": "incomprehensible"})

    told = summary_of(page)
    for sentence in ("That word is too long.", "There are too few words.", "A person has a name.",
                     "That person is not known.", "So have all people."):  # fmt: skip
        assert told.count(sentence) == 1
    links = {link["href"] for link in page.all("a") if link["href"].startswith("#")} - {"#main"}
    assert links == {"#words", "#words-1", "#person-name", "#people-0-name"}


def test_an_error_without_words_is_still_told(render):
    def prepare(form):
        form.form_errors.append("")
        form.person.form.name.errors = [" "]

    page, _ = render(NestedForm, prepare)
    assert summary_of(page).endswith("Look at “Name” again.")


def test_a_sentence_beside_all_forms_is_told_once(render):
    def prepare(form):
        form.person.form.name.errors = ["A person has a name."]

    for name, value in (
        ("problem", "Tick one."),
        ("error", "Tick one."),
        ("errors", ["Tick one.", "A person has a name."]),
    ):
        told = summary_of(render(NestedForm, prepare, **{name: value})[0])
        assert told.count("Tick one.") == told.count("A person has a name.") == 1


def test_the_browser_goes_to_the_summary_by_itself_and_reads_it_out(render):
    """Also without JavaScript, and whatever a screen reader makes of an alert that was there from the start."""
    page, _ = render(NestedForm, lambda form: form.form_errors.append("No."))
    (summary,) = page.all("div", id="errors")
    assert summary["tabindex"] == "-1"
    assert "autofocus" in summary
    assert len(page.all("div", role="alert")) == 1


def test_every_template_that_takes_a_form_stands_in_a_layout_that_tells_its_errors():
    """A page cannot forget its summary: it has it from its layout, and may not make one of its own."""
    sources = {str(path).rpartition("templates/")[2]: path.read_text() for path in TEMPLATES}

    def layout_of(name: str) -> str:
        found = re.search(r'{% extends "([^"]+)" %}', sources[name])
        if found or name in LAYOUTS:
            return layout_of(found[1]) if found else name
        # A piece stands in the layout of the page that it is a piece of.
        pages = [one for one, text in sources.items() if f'{{% include "{name}" %}}' in text]
        return layout_of(pages[0]) if pages else name

    with_forms = [name for name, text in sources.items() if re.search(r'<form\b[^>]*method="post"', text)]
    assert len(with_forms) > 20
    for name in with_forms:
        # The demonstration is somebody else's app, in a frame of its own; the API tells it what is wrong.
        is_elsewhere = name.startswith("demonstration/")
        if not name.startswith("macros/") and not name.endswith("/macros.html") and not is_elsewhere:
            assert layout_of(name) in LAYOUTS, name
    for name in LAYOUTS:
        assert '{% include "layouts/messages.html" %}' in sources[name]
        assert '<title>{% include "layouts/error_mark.html" %}' in sources[name]
    makers = [name for name, text in sources.items() if "errors_summary(" in re.sub(r"{#.*?#}", "", text, flags=re.S)]
    assert makers == ["layouts/messages.html", "macros/forms.html"]
