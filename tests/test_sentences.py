"""A sentence that is marked is English text, and is said in the reader's language where a page shows it."""

import json

import orjson
import pytest
from jinja2 import Environment

from app import sentences
from app.sentences import _, ngettext, translated


@pytest.fixture
def in_capitals(monkeypatch):
    """A language in which everything is shouted, and a plural is told by its number alone."""

    def shout(singular: str, plural: str | None, number: int) -> str:
        said = singular if plural is None or number == 1 else plural
        return said.upper().replace("%(NAME)S", "%(name)s").replace("%(NUM)S", "%(num)s")

    monkeypatch.setattr(sentences, "_speak", shout)


def _page(**values) -> str:
    return Environment(autoescape=True).from_string("{{ said }}").render(**values)


def test_a_marked_sentence_is_its_english_text():
    assert _("Give the app a name.") == "Give the app a name."
    assert _("At most %(most)d addresses.", most=20) == "At most 20 addresses."
    assert {_("Nothing yet"): 1}["Nothing yet"] == 1


def test_a_sentence_without_values_may_hold_a_percent_sign():
    assert _("100% of it") == "100% of it"


@pytest.mark.parametrize(("number", "said"), [(0, "0 apps"), (1, "1 app"), (2, "2 apps")])
def test_a_plural_is_chosen_by_its_number(number: int, said: str):
    assert ngettext("%(num)s app", "%(num)s apps", number) == said


def test_it_goes_over_the_wire_like_any_text():
    assert orjson.dumps({"message": _("Give a name.")}) == b'{"message":"Give a name."}'
    assert json.dumps([_("Give a name.")]) == '["Give a name."]'


def test_a_page_says_it_in_the_language_of_its_reader(in_capitals):
    assert _page(said=_("Give %(name)s a name.", name="Ada")) == "GIVE Ada A NAME."
    assert _page(said=ngettext("%(num)s app", "%(num)s apps", 3)) == "3 APPS"


def test_a_sentence_inside_a_sentence_is_translated_too(in_capitals):
    assert translated(_("Then: %(name)s", name=_("go on"))) == "THEN: GO ON"


def test_what_a_sentence_names_cannot_become_markup():
    assert _page(said=_("Remove %(name)s?", name="<b>&")) == "Remove &lt;b&gt;&amp;?"


def test_anything_else_is_left_as_it_is():
    assert translated("plain") == "plain"
    assert translated(None) is None
