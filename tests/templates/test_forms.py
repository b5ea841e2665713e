"""The form macros: a label for each field, and its hint and errors tied to it for those who cannot see the page."""

import pytest
from flask import render_template_string
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, RadioField, SelectChoice, StringField, TextAreaField
from wtforms.validators import DataRequired, Optional

from tests.templates.conftest import Page

_PAGE = """
{% from "macros/forms.html" import checkbox, choices, errors_summary, field %}
{{ errors_summary(page_problems()) }}
{{ field(form.name) }}{{ field(form.note) }}{{ choices(form.type) }}{{ checkbox(form.native) }}
"""


class ExampleForm(FlaskForm):
    """One field of each kind."""

    name = StringField("Name", [DataRequired("Give it a name.")], description="As people know it.")
    note = TextAreaField("Note", [Optional()])
    type = RadioField(
        "Type", [DataRequired("Choose a type.")], choices=[SelectChoice("a", "First"), SelectChoice("b", "Second")]
    )
    native = BooleanField("Native app", description="It runs on a device.")


@pytest.fixture
def page(app):
    """The fields after they were sent with these values, or before they were sent."""

    def page(sent: dict | None = None) -> Page:
        with app.test_request_context("/", method="GET" if sent is None else "POST"):
            form = ExampleForm(None if sent is None else MultiDict(sent), meta={"csrf": False})
            if sent is not None:
                form.validate()
            return Page(render_template_string(_PAGE, form=form))

    return page


def test_every_field_has_a_label(page):
    labels = {label["for"] for label in page().all("label")}
    inputs = {found["id"] for tag in ("input", "textarea") for found in page().all(tag)}
    assert labels == inputs


def test_a_hint_describes_its_field(page):
    (name,) = page().all("input", id="name")
    assert name["aria-describedby"].split() == ["name-hint"]
    assert page().all("p", id="name-hint")
    assert "aria-invalid" not in name


def test_an_error_marks_its_field_and_describes_it(page):
    (name,) = page({"name": ""}).all("input", id="name")
    assert name["aria-invalid"] == "true"
    assert name["aria-describedby"].split() == ["name-hint", "name-errors"]


def test_a_field_with_neither_is_described_by_nothing(page):
    (note,) = page().all("textarea", id="note")
    assert "aria-describedby" not in note


def test_only_optional_fields_say_so(page):
    assert "Note (optional)" in page().text
    assert page().text.count("(optional)") == 1


def test_the_summary_leads_to_each_field_that_has_an_error(page):
    shown = page({"name": "", "type": ""})
    assert shown.all("div", role="alert")
    assert [link["href"] for link in shown.all("a")] == ["#name", "#type"]
    assert shown.all("fieldset", id="type")[0]["aria-describedby"].strip() == "type-errors"


def test_without_errors_there_is_no_summary(page):
    assert not page({"name": "n", "type": "a"}).all("div", role="alert")


def test_what_was_typed_is_escaped(page):
    assert "<b>" not in page({"name": '"><b>', "note": "</textarea><b>", "type": "a"}).html
