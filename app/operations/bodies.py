"""How large a call's body may be: as large as what it describes may be, in its longest spelling."""

from collections.abc import Mapping
from typing import Any

# A character of a string takes the most bytes as two escaped halves, as in "\ud83d\udc18".
_LONGEST_CHARACTER = 12
# For line breaks, indentation, and escaped letters in names.
_ROOM = 64 * 1024
_LEAST = 256 * 1024


def largest_body(schema: Mapping[str, Any]) -> int:
    """Returns how many bytes a body may have: enough for all that a JSON Schema allows, in its longest spelling."""
    return max(_LEAST, _longest(schema) + _ROOM)


def describe_size(size: int) -> str:
    """Returns a number of bytes for people, such as “256 kB”; rounded down, so that what it says can be sent."""
    kilobytes = size // 1024
    return f"{kilobytes} kB" if kilobytes < 1000 else f"{size * 10 // 1024**2 / 10} MB"


def _longest(schema: Mapping[str, Any]) -> int:
    """The longest spelling of what a schema allows, in bytes. Raises ``KeyError`` where the schema names no bound."""
    if "anyOf" in schema:
        rest = {name: value for name, value in schema.items() if name != "anyOf"}
        return max(_longest(_narrowed(rest, one)) for one in schema["anyOf"])
    if "enum" in schema:
        return _LONGEST_CHARACTER * max(len(str(choice)) for choice in schema["enum"]) + 2
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if "object" in types:
        return 2 + sum(len(name) + 4 + _longest(value) for name, value in schema["properties"].items())
    if "array" in types:
        return 2 + int(schema["maxItems"]) * (_longest(schema["items"]) + 1)
    if "string" in types and schema.get("format") != "date-time":
        return _LONGEST_CHARACTER * int(schema["maxLength"]) + 2
    # A number, or a point in time.
    return 100


def _narrowed(schema: Mapping[str, Any], by: Mapping[str, Any]) -> dict[str, Any]:
    """A schema with the keywords of another in place of its own, however deep."""
    narrowed = dict(schema)
    for name, value in by.items():
        narrowed[name] = _narrowed(narrowed.get(name, {}), value) if isinstance(value, Mapping) else value
    return narrowed
