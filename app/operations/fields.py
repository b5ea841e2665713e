"""What a field may hold: checked by :meth:`Field.check`, told by :meth:`Field.schema`, both from one description.

So the description of an operation cannot say anything else than what the operation takes.
"""

import re
from datetime import datetime
from typing import Any

from msgspec import Struct

from app.operations.instants import read_instant
from app.operations.patterns import ANY_TEXT, describe_pattern
from app.text import shows_nothing

_SURROGATE = re.compile("[\ud800-\udfff]")
_DIGITS = re.compile(r"[0-9]{1,9}", re.ASCII)


class Problem(Exception):
    """Why a value cannot be taken: a stable code, and a sentence."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code
        self.message = message


class Field(Struct, frozen=True, kw_only=True):
    """One field. ``name`` is what it is called outside, where that is no name in Python; ``nullable`` lets null be sent."""

    name: str | None = None
    about: str = ""
    nullable: bool = False

    def check(self, value: Any) -> Any:
        """Returns the value to keep. Raises :class:`Problem`."""
        if value is None:
            if self.nullable:
                return None
            raise Problem("type", f"Must be {self.noun()}, not null.")
        return self.check_present(value)

    def schema(self) -> dict[str, Any]:
        """Returns the field in JSON Schema."""
        schema = self.schema_present()
        if self.nullable:
            schema["type"] = [schema["type"], "null"]
        if self.about:
            schema["description"] = self.about
        return schema

    def noun(self) -> str:
        """Returns what it is called in a sentence, such as "a string"."""
        raise NotImplementedError

    def check_present(self, value: Any) -> Any:
        """Returns the value as it is kept. Raises :class:`Problem`."""
        raise NotImplementedError

    def schema_present(self) -> dict[str, Any]:
        """Returns its JSON Schema, for a value that is there."""
        raise NotImplementedError


class Text(Field, frozen=True, kw_only=True):
    """A string of so many characters that matches a pattern as a whole; ``hint`` says what the pattern wants."""

    least: int = 0
    most: int
    pattern: str = ANY_TEXT
    #: Whether it must show something, and each part of it between these.
    is_shown: bool = False
    separator: str = "\n"
    hint: str = "Must not hold the character NUL."

    def noun(self) -> str:
        """Returns what it is called in a sentence, such as "a string"."""
        return "a string"

    def check_present(self, value: Any) -> str:
        """Returns the value as it is kept. Raises :class:`Problem`."""
        if not isinstance(value, str):
            raise Problem("type", "Must be a string.")
        if len(value) < self.least:
            raise Problem("too_short", f"Must have at least {self.least} character{'s'[: self.least > 1]}.")
        if len(value) > self.most:
            raise Problem("too_long", f"Must have at most {self.most} characters.")
        if re.fullmatch(self.pattern, value) is None:
            raise Problem("invalid", self.hint)
        if _SURROGATE.search(value):
            raise Problem("invalid", "Must not hold halves of surrogate pairs.")
        # Of this, the pattern leaves out the marks that stand on a letter: they would fill a page.
        if self.is_shown and value and any(map(shows_nothing, value.split(self.separator))):
            raise Problem("invalid", self.hint)
        return value

    def schema_present(self) -> dict[str, Any]:
        """Returns its JSON Schema, for a value that is there."""
        pattern = describe_pattern(self.pattern)
        return {"type": "string", "minLength": self.least, "maxLength": self.most, "pattern": pattern}


class Choice(Field, frozen=True, kw_only=True):
    """One of a few strings."""

    choices: tuple[str, ...]

    def noun(self) -> str:
        """Returns what it is called in a sentence, such as "a string"."""
        return "one of " + ", ".join(f"'{choice}'" for choice in self.choices)

    def check_present(self, value: Any) -> str:
        """Returns the value as it is kept. Raises :class:`Problem`."""
        if not isinstance(value, str) or value not in self.choices:
            raise Problem("invalid", f"Must be {self.noun()}.")
        return value

    def schema_present(self) -> dict[str, Any]:
        """Returns its JSON Schema, for a value that is there."""
        return {"type": "string", "enum": list(self.choices)}


class Integer(Field, frozen=True, kw_only=True):
    """A whole number within bounds; in a query its digits."""

    least: int
    most: int

    def noun(self) -> str:
        """Returns what it is called in a sentence, such as "a string"."""
        return f"a whole number from {self.least} to {self.most}"

    def check_present(self, value: Any) -> int:
        """Returns the value as it is kept. Raises :class:`Problem`."""
        # JSON knows one kind of number: 47.0 is as whole as 47, in JSON Schema too.
        if (isinstance(value, str) and _DIGITS.fullmatch(value)) or (isinstance(value, float) and value.is_integer()):
            value = int(value)
        if type(value) is not int or not self.least <= value <= self.most:
            raise Problem("invalid", f"Must be {self.noun()}.")
        return value

    def schema_present(self) -> dict[str, Any]:
        """Returns its JSON Schema, for a value that is there."""
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


class Instant(Field, frozen=True, kw_only=True):
    """A point in time (:rfc:`3339`); a date alone is its midnight, and without an offset it is UTC."""

    def noun(self) -> str:
        """Returns what it is called in a sentence, such as "a string"."""
        return "a point in time such as 2026-01-31T09:30:00Z"

    def check_present(self, value: Any) -> datetime:
        """Returns the value as it is kept. Raises :class:`Problem`."""
        try:
            return read_instant(value)
        except (TypeError, ValueError, OverflowError):
            raise Problem("invalid", f"Must be {self.noun()}.") from None

    def schema_present(self) -> dict[str, Any]:
        """Returns its JSON Schema, for a value that is there."""
        return {"type": "string", "format": "date-time"}


class Texts(Field, frozen=True, kw_only=True):
    """A list of strings, each once; what is there twice is kept once."""

    each: Text
    most: int

    def noun(self) -> str:
        """Returns what it is called in a sentence, such as "a string"."""
        return "a list of strings"

    def check_present(self, value: Any) -> list[str]:
        """Returns the value as it is kept. Raises :class:`Problem`."""
        if not isinstance(value, list):
            raise Problem("type", "Must be a list of strings.")
        if len(value) > self.most:
            raise Problem("too_long", f"Must have at most {self.most} items.")
        return sorted({self.each.check(item) for item in value})

    def schema_present(self) -> dict[str, Any]:
        """Returns its JSON Schema, for a value that is there."""
        return {"type": "array", "items": self.each.schema(), "maxItems": self.most}
