"""What an operation returns is told in JSON Schema, from the types that its result has in Python."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pytest

from app.operations.schemas import Says, object_of, schema_of


class Inner(TypedDict):
    x: int


class Outer(TypedDict):
    text: str | None
    many: list[Inner]
    kind: Literal["a", "b"]
    free: NotRequired[dict[str, Any]]
    share: Annotated[float, Says(minimum=0, maximum=1)]


def refer(kind):
    return {"$ref": "#/Inner"} if kind is Inner else None


def test_an_object_has_these_and_nothing_else():
    assert schema_of(Outer, refer) == {
        "type": "object",
        "properties": {
            "text": {"type": ["string", "null"]},
            "many": {"type": "array", "items": {"$ref": "#/Inner"}},
            "kind": {"enum": ["a", "b"]},
            "free": {"type": "object"},
            "share": {"type": "number", "minimum": 0, "maximum": 1},
        },
        "required": ["text", "many", "kind", "share"],
        "additionalProperties": False,
    }


def test_an_open_object_may_have_more():
    assert "additionalProperties" not in schema_of(Outer, refer, is_closed=False)


def test_what_is_referred_to_has_a_schema_of_its_own():
    assert schema_of(Inner, refer) == {"$ref": "#/Inner"}
    assert object_of(Inner, refer)["properties"] == {"x": {"type": "integer"}}


def test_a_type_that_json_has_not_is_noticed():
    with pytest.raises(KeyError):
        schema_of(set[str], refer)
