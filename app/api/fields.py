"""What a field may hold: checked by :meth:`check`, told by :meth:`schema`, both from one description.

The description in ``/api/openapi.json`` so cannot say anything else than what the API does.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.api.errors import invalid_fields
from app.api.instants import read_instant
from app.api.patterns import ANY_TEXT
from app.text import shows_nothing


class Problem(Exception):
    """Why a value cannot be taken: a stable code, and a sentence."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field. ``required`` is when an object is made; a change may leave out any."""

    about: str = ""
    required: bool = False
    nullable: bool = False
    default: Any = None

    def check(self, value: Any) -> Any:
        """The value to keep. Raises :class:`Problem`."""
        if value is None:
            if self.nullable:
                return None
            raise Problem("type", f"Must be {self.noun()}, not null.")
        return self.check_present(value)

    def schema(self) -> dict[str, Any]:
        """The field in JSON Schema."""
        schema = self.schema_present()
        if self.nullable:
            schema["type"] = [schema["type"], "null"]
        if self.about:
            schema["description"] = self.about
        if self.default is not None:
            schema["default"] = self.default
        return schema

    def noun(self) -> str:
        raise NotImplementedError

    def check_present(self, value: Any) -> Any:
        raise NotImplementedError

    def schema_present(self) -> dict[str, Any]:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Field):
    """A string of so many characters that matches a pattern as a whole; ``hint`` says what the pattern wants."""

    least: int = 0
    most: int
    pattern: str = ANY_TEXT
    #: Whether it must show something, and each part of it between these.
    is_shown: bool = False
    separator: str = "\n"
    hint: str = "Must not hold the character NUL."

    def noun(self) -> str:
        return "a string"

    def check_present(self, value: Any) -> str:
        if not isinstance(value, str):
            raise Problem("type", "Must be a string.")
        if len(value) < self.least:
            raise Problem("too_short", f"Must have at least {self.least} character{'s'[: self.least > 1]}.")
        if len(value) > self.most:
            raise Problem("too_long", f"Must have at most {self.most} characters.")
        if re.fullmatch(self.pattern, value) is None:
            raise Problem("invalid", self.hint)
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise Problem("invalid", "Must not hold halves of surrogate pairs.")
        # Of this, the pattern leaves out the marks that stand on a letter: they would fill a page.
        if self.is_shown and value and any(map(shows_nothing, value.split(self.separator))):
            raise Problem("invalid", self.hint)
        return value

    def schema_present(self) -> dict[str, Any]:
        return {"type": "string", "minLength": self.least, "maxLength": self.most, "pattern": self.pattern}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Field):
    """One of a few strings."""

    choices: tuple[str, ...]

    def noun(self) -> str:
        return "one of " + ", ".join(f"'{choice}'" for choice in self.choices)

    def check_present(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.choices:
            raise Problem("invalid", f"Must be {self.noun()}.")
        return value

    def schema_present(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.choices)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Integer(Field):
    """A whole number within bounds; in a query its digits."""

    least: int
    most: int

    def noun(self) -> str:
        return f"a whole number from {self.least} to {self.most}"

    def check_present(self, value: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value, re.ASCII):
            value = int(value)
        if type(value) is not int or not self.least <= value <= self.most:
            raise Problem("invalid", f"Must be {self.noun()}.")
        return value

    def schema_present(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant(Field):
    """A point in time (:rfc:`3339`); a date alone is its midnight, and without an offset it is UTC."""

    def noun(self) -> str:
        return "a point in time such as 2026-01-31T09:30:00Z"

    def check_present(self, value: Any) -> datetime:
        try:
            return read_instant(value)
        except (TypeError, ValueError, OverflowError):
            raise Problem("invalid", f"Must be {self.noun()}.") from None

    def schema_present(self) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts(Field):
    """A list of strings, each once; what is there twice is kept once."""

    each: Text
    most: int

    def noun(self) -> str:
        return "a list of strings"

    def check_present(self, value: Any) -> list[str]:
        if not isinstance(value, list):
            raise Problem("type", "Must be a list of strings.")
        if len(value) > self.most:
            raise Problem("too_long", f"Must have at most {self.most} items.")
        return sorted({self.each.check(item) for item in value})

    def schema_present(self) -> dict[str, Any]:
        return {"type": "array", "items": self.each.schema(), "maxItems": self.most}


#: name -> what it may hold.
Fields = Mapping[str, Field]


def read_object(fields: Fields, value: Any, *, is_change: bool = False, index: int | None = None) -> dict[str, Any]:
    """The checked fields of an object, with defaults unless it is a change of one.

    Raises a ``validation_failed`` that names every field with something wrong; ``index`` is the object's place among
    several.
    """
    errors, kept = find_problems(fields, value, is_change=is_change)
    if errors:
        raise invalid_fields(errors if index is None else [{"index": index, **error} for error in errors])
    return kept


def read_objects(fields: Fields, values: list[Any]) -> list[dict[str, Any]]:
    """Several objects; every error of every one is told, by ``index``."""
    errors, kept = [], []
    for index, value in enumerate(values):
        problems, one = find_problems(fields, value)
        errors += [{"index": index, **problem} for problem in problems]
        kept.append(one)
    if errors:
        raise invalid_fields(errors)
    return kept


def find_problems(
    fields: Fields, value: Any, *, is_change: bool = False
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What is wrong with an object, field by field, and what is right."""
    if not isinstance(value, dict):
        return [_error("", "type", "Must be an object.")], {}
    errors, kept = [], {}
    for name in value.keys() - fields.keys():
        errors.append(_error(_printable(name), "unknown", f"There is no such field; there are {', '.join(fields)}."))
    for name, field in fields.items():
        if name in value:
            try:
                kept[name] = field.check(value[name])
            except Problem as problem:
                errors.append(_error(name, problem.code, problem.message))
        elif field.required and not is_change:
            errors.append(_error(name, "required", "Is required."))
        elif not is_change:
            kept[name] = field.default
    return sorted(errors, key=lambda error: error["field"]), kept


def object_schema(fields: Fields, *, is_change: bool = False) -> dict[str, Any]:
    """An object that :func:`read_object` takes, in JSON Schema."""
    required = [name for name, field in fields.items() if field.required and not is_change]
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: field.schema() for name, field in fields.items()},
        "additionalProperties": False,
    }
    return schema | ({"required": required} if required else {})


def _error(field: str, code: str, message: str) -> dict[str, Any]:
    return {"field": field, "code": code, "message": message}


def _printable(name: str) -> str:
    """A name that came from outside, fit to be told back."""
    return name[:60].encode("ascii", "backslashreplace").decode()
