"""What the API's description promises, at its very bounds and in the longest spelling, and one more than that."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

#: Takes four bytes of UTF-8, and twelve in JSON's escapes or in an address. It is a letter (of Linear B), as a text is
#: mostly made of: each sign, such as an emoji, would be a word of its own, of which no text has a hundred thousand.
WIDE = "\U00010000"
#: What a value of a pattern may begin with, and what it may go on with, the longest spelling first.
_SHAPES = (("", WIDE), ("https://", WIDE), ("", "a"))


@dataclass(frozen=True)
class Bound:
    """One bound of one operation: a request that keeps it to the letter, and one that goes beyond it."""

    method: str
    path: str
    name: str
    kept: dict[str, Any]
    beyond: dict[str, Any]
    in_query: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.name}"


def find_bounds(operations) -> list[Bound]:
    """All of them."""
    found = []
    for one in operations:
        honest = {name: "a" for name, field in one.query.items() if field.required}
        for name, field in one.query.items():
            for kept, beyond in _at_and_beyond(field.schema()):
                found.append(
                    Bound(one.method, one.path, name, honest | {name: kept}, honest | {name: beyond}, in_query=True)
                )
        if one.body is not None:
            for name, kept, beyond in _in_body(one.body):
                found.append(Bound(one.method, one.path, name, kept, beyond))
    return found


def _in_body(schema: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    honest = _least(schema)
    for name, one in schema["properties"].items():
        for kept, beyond in _at_and_beyond(one):
            yield name, honest | {name: kept}, honest | {name: beyond}
        if one.get("items", {}).get("type") == "object":
            for inner, kept, beyond in _in_body(one["items"]):
                yield f"{name}.{inner}", honest | {name: [kept]}, honest | {name: [beyond]}


def _at_and_beyond(schema: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    if "maxLength" in schema:
        pattern, most = schema["pattern"], schema["maxLength"]
        begin, rest = next(shape for shape in _SHAPES if re.fullmatch(pattern, shape[0] + shape[1] * 9))
        fits = re.fullmatch(pattern, begin + rest * (most - len(begin)))
        yield begin + rest * (most - len(begin)) if fits else begin + rest, begin + rest * (most - len(begin) + 1)
    if "maximum" in schema:
        yield schema["maximum"], schema["maximum"] + 1
        yield schema["minimum"], schema["minimum"] - 1
    if "maxItems" in schema:
        item = _least(schema["items"])
        items = [f"{item}{place}" if isinstance(item, str) else item for place in range(schema["maxItems"] + 1)]
        yield items[:-1], items


def _least(schema: dict[str, Any]) -> Any:
    """Something small that a schema allows."""
    if schema["type"] == "object":
        return {name: _least(schema["properties"][name]) for name in schema.get("required", ())}
    if schema["type"] == "array":
        return [_least(schema["items"])]
    return "a"
