"""A template is compiled once, however many ask for its page first at once; and fields are written as the library does."""

from threading import Barrier, Event, Thread

import pytest
from flask import Flask
from jinja2 import DictLoader, TemplateNotFound
from markupsafe import Markup
from wtforms import Form, StringField
from wtforms.widgets import Input, html_params

from app.sentences import gettext
from app.templating import SharedTemplates, write_attributes


@pytest.fixture
def templates() -> SharedTemplates:
    """Three templates, of which one extends and one includes another."""
    environment = SharedTemplates(Flask("house"))
    environment.loader = DictLoader(
        {
            "page": "{% extends 'layout' %}{% block words %}words{% include 'foot' %}{% endblock %}",
            "layout": "<{% block words %}{% endblock %}>",
            "foot": " at the foot",
        }
    )
    return environment


def test_threads_that_ask_first_at_once_compile_each_template_once(templates, monkeypatch):
    compiled, begin, pages, never = [], Barrier(8), [], Event()
    compile_one = templates.compile

    def count(source, name, filename, *arguments):
        compiled.append(name)
        # Long enough for the others to come.
        never.wait(0.1)
        return compile_one(source, name, filename, *arguments)

    monkeypatch.setattr(templates, "compile", count)

    def ask() -> None:
        begin.wait()
        pages.append(templates.get_template("page").render())

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert pages == ["<words at the foot>"] * 8
    assert sorted(compiled) == ["foot", "layout", "page"]


def test_one_that_is_not_there_is_still_missed_and_keeps_nobody_waiting(templates):
    for _ in range(2):
        with pytest.raises(TemplateNotFound):
            templates.get_template("nothing")
    thread = Thread(target=templates.get_template, args=("foot",))
    thread.start()
    thread.join(20)
    assert not thread.is_alive()


def test_the_house_has_them(app):
    assert isinstance(app.jinja_env, SharedTemplates)


@pytest.mark.parametrize(
    "attributes",
    [
        {"name": "email", "id": "email", "class_": "wide", "required": True, "disabled": False},
        {"value": "<a href='x'>\"Tom\" & \u201cTilda\u201d</a>", "data_foo_bar": 1, "aria_described_by": "hint"},
        {"value": Markup('<b title="x">&amp;</b>'), "placeholder": None, "maxlength": 40, "on<x": "y", "is<x": True},
        {"value": gettext("Save"), "pattern": r"[\"']+", "title": ""},
        {},
    ],
)
def test_a_field_has_the_attributes_that_the_library_writes(attributes):
    written = write_attributes(**attributes)
    assert written == html_params(**attributes)
    assert isinstance(written, Markup)


def test_fields_are_written_by_it():
    class Words(Form):
        word = StringField(render_kw={"data_of": 'a"b'})

    assert Words(word="<x>").word() == '<input data-of="a&#34;b" id="word" name="word" type="text" value="&lt;x&gt;">'
    assert Input.html_params is write_attributes
