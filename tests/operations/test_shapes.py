"""A Struct says once what an operation takes: it is read from what was sent, and told in JSON Schema."""

from datetime import datetime
from typing import Annotated

import pytest
from msgspec import Struct, field

from app.operations.fields import Choice, Instant, Integer, Text, Texts
from app.operations.refusals import Refused
from app.operations.shapes import Change, Shape


class Cake(Struct, frozen=True, kw_only=True):
    name: Annotated[str, Text(least=1, most=3, about="What it is called.")]
    layers: Annotated[int, Integer(least=1, most=5)] = 2
    kinds: Annotated[list[str], Texts(most=3, each=Text(most=5))] = field(default_factory=list)
    begin: Annotated[datetime | None, Instant(name="from", nullable=True)] = None
    size: Annotated[str, Choice(choices=("big", "small"))] = "big"


def errors(shape, sent) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as refused:
        shape.read(sent)
    return [(error["field"], error["code"]) for error in refused.value.errors]


def test_what_was_sent_is_read_and_what_was_not_has_its_default():
    cake = Shape(Cake).read({"name": "Pie", "kinds": ["b", "a", "b"], "from": "2026-01-31"})
    assert (cake.name, cake.layers, cake.kinds, cake.size) == ("Pie", 2, ["a", "b"], "big")
    assert cake.begin.isoformat() == "2026-01-31T00:00:00+00:00"


def test_a_default_that_is_a_list_is_each_ones_own():
    one, other = (Shape(Cake).read({"name": "Pie"}) for _ in "ab")
    one.kinds.append("sweet")
    assert other.kinds == []


def test_everything_that_is_wrong_is_said_at_once_by_the_names_that_were_sent():
    sent = {"layers": 9, "kinds": "a", "from": "x", "size": None, "colour": "red"}
    assert errors(Shape(Cake), sent) == [
        ("colour", "unknown"),
        ("from", "invalid"),
        ("kinds", "type"),
        ("layers", "invalid"),
        ("name", "required"),
        ("size", "type"),
    ]


def test_of_several_each_error_has_the_index_of_its_object():
    with pytest.raises(Refused) as refused:
        Shape(Cake).read_each([{"name": "Pie"}, {}, "Pie"])
    assert [(one["index"], one["field"], one["code"]) for one in refused.value.errors] == [
        (1, "name", "required"),
        (2, "", "type"),
    ]


def test_a_change_has_what_was_sent_alone_under_the_structs_own_names():
    assert Change(Cake).read({}) == {}
    assert Change(Cake).read({"from": None, "layers": 1}) == {"begin": None, "layers": 1}
    assert errors(Change(Cake), {"name": "", "colour": "red"}) == [("colour", "unknown"), ("name", "too_short")]


@pytest.mark.parametrize("text", ["🐘🐘🐘", "abc"])
def test_bounds_count_characters_and_not_bytes(text):
    assert Shape(Cake).read({"name": text}).name == text
    assert errors(Shape(Cake), {"name": text + "🐘"}) == [("name", "too_long")]


def test_half_a_surrogate_pair_is_refused_wherever_it_stands():
    for text in ("\ud83d", "a\udc18", "a\ud800b"):
        assert errors(Shape(Cake), {"name": text}) == [("name", "invalid")]


def test_the_schema_says_what_is_read():
    schema = Shape(Cake).schema()
    assert (schema["required"], schema["additionalProperties"]) == (["name"], False)
    assert schema["properties"]["name"] == {
        "type": "string",
        "minLength": 1,
        "maxLength": 3,
        "pattern": r"^[^\x00]*$",
        "description": "What it is called.",
    }
    assert schema["properties"]["from"] == {"type": ["string", "null"], "format": "date-time"}
    assert schema["properties"]["layers"]["default"] == 2
    assert "required" not in Change(Cake).schema()


def test_what_is_left_out_of_a_change_has_no_default():
    assert not [name for name, one in Change(Cake).schema()["properties"].items() if "default" in one]
