"""The body of a call, whatever face it came by: JSON (:rfc:`8259`), as large as what it describes may be."""

import json
from collections.abc import Mapping
from typing import Any

# A character of a string takes the most bytes as two escaped halves, as in "\ud83d\udc18".
_LONGEST_CHARACTER = 12
# For line breaks, indentation, and escaped letters in names.
_ROOM = 64 * 1024
_LEAST = 256 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
#: Room is for long texts: no call takes so many values, and each costs thirty times what it takes to send.
MOST_VALUES = 20_000


class BadBody(ValueError):
    """A body that is not the JSON that every reader reads alike; the message is a sentence that says what is wrong."""


def largest_body(schema: Mapping[str, Any]) -> int:
    """Returns how many bytes a body may have: enough for all that a JSON Schema allows, in its longest spelling."""
    return max(_LEAST, _longest(schema) + _ROOM)


def parse_body(body: bytes) -> Any:
    """Returns what the bytes say in JSON. Raises :class:`BadBody`."""
    # Section 8.1: nobody may send it, and whoever reads may look past it.
    body = body.removeprefix(_BYTE_ORDER_MARK)
    if len(body) > _LEAST and _holds_too_many_values(body):
        raise BadBody("The body holds more values than any call takes.")
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_no_name_twice, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise BadBody("The body is not UTF-8.") from None
    except RecursionError:
        raise BadBody("The body is nested too deeply.") from None
    except ValueError as error:
        sentence = error.args[0] if isinstance(error, _Odd) else "The body is not JSON."
        raise BadBody(sentence) from None


def describe_size(size: int) -> str:
    """Returns a number of bytes for people, such as “256 kB”; rounded down, so that what it says can be sent."""
    kilobytes = size // 1024
    return f"{kilobytes} kB" if kilobytes < 1000 else f"{size * 10 // 1024**2 / 10} MB"


def _holds_too_many_values(body: bytes) -> bool:
    """Counted before they are made, by what stands between strings."""
    quotes_alone = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    if quotes_alone.count(b'"') > 4 * MOST_VALUES:
        return True
    between = b"".join(quotes_alone.split(b'"')[::2])
    return sum(map(between.count, (b",", b"[", b"{"))) > MOST_VALUES


class _Odd(ValueError):
    """What Python would take and other readers of JSON would not, or would read differently."""


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    kept = dict(pairs)
    if len(kept) < len(pairs):
        raise _Odd("An object in the body has one name twice.")
    return kept


def _no_constant(_name: str) -> None:
    raise _Odd("The body holds a number that JSON does not have.")


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
