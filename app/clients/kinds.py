"""The kinds of a client's fields: how a value is read from words and from JSON, cleaned, stored and compared."""

import re
from collections.abc import Callable, Iterable, Mapping
from json import dumps
from typing import Any

from app.clients.keys import tidy_jwks
from app.scopes import OFFLINE_ACCESS, format_scope, parse_scope
from app.sentences import _

_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
#: What the command line calls a lifetime that is the server's own.
SERVERS_OWN = "default"


class Kind:
    """A value that is kept as it is given. ``json`` is the type it has in JSON."""

    json: type | tuple[type, ...] = str
    json_name = "a string"

    def from_words(self, words: Any) -> Any:
        """Returns the value that the command line's words mean. Raises ``ValueError`` with a sentence."""
        return words

    def from_json(self, value: Any) -> Any:
        """Returns the value that a JSON member means. Raises ``ValueError`` with what it must be."""
        # A bool is an int to Python, and none to JSON.
        if not isinstance(value, self.json) or (isinstance(value, bool) and self.json is not bool):
            raise ValueError(self.json_name)
        return value

    def clean(self, value: Any) -> Any:
        """Returns the value as it is checked and kept."""
        return value

    def to_column(self, value: Any) -> Any:
        return value

    def from_column(self, column: Any) -> Any:
        return column

    def for_form(self, column: Any) -> Any:
        """Returns what stands in a form for what a column holds."""
        return column

    def comparable(self, value: Any) -> Any:
        """Returns something that is equal for values that mean the same: a column's, or as a form sent them."""
        return value


class Text(Kind):
    """Text; ``tidy`` is what is done to it beyond leaving out the space around it."""

    def __init__(self, tidy: Callable[[str], str] = str.strip):
        self._tidy = tidy

    def clean(self, value: str) -> str:
        return self._tidy(value)

    def comparable(self, value: str) -> str:
        return with_plain_lines(value)


class Lines(Kind):
    """A list of addresses. ``in_order`` says whether their order is the client's own."""

    json = list
    json_name = "a list of strings"

    def __init__(self, *, in_order: bool):
        self._in_order = in_order

    def from_words(self, words: Iterable[str]) -> list[str]:
        # One empty word is how a list that may be empty is emptied.
        """Returns the value of what was typed. Raises ``ValueError`` with a sentence."""
        return [] if list(words) == [""] and not self._in_order else list(words)

    def from_json(self, value: Any) -> list[str]:
        """Returns the value. Raises ``ValueError`` with what it should be."""
        if not all(isinstance(one, str) for one in super().from_json(value)):
            raise ValueError(self.json_name)
        return list(value)

    def clean(self, value: Iterable[str]) -> list[str]:
        return list(value) if self._in_order else sorted(value)

    def comparable(self, value: Iterable[str]) -> list[str]:
        return self.clean(value)


class Scopes(Kind):
    """A set of scopes, which a column and JSON hold as one string; without ``offline_access``."""

    json_name = "a string of names with single spaces between"

    def from_words(self, words: Iterable[str]) -> frozenset[str]:
        """Returns the value of what was typed. Raises ``ValueError`` with a sentence."""
        return parse_scope(" ".join(words))

    def from_json(self, value: Any) -> frozenset[str]:
        """Returns the value. Raises ``ValueError`` with what it should be."""
        return parse_scope(super().from_json(value))

    def clean(self, value: Iterable[str]) -> set[str]:
        return set(value) - {OFFLINE_ACCESS}

    def to_column(self, value: Iterable[str]) -> str:
        return format_scope(value)

    def from_column(self, column: str) -> frozenset[str]:
        return parse_scope(column)

    def for_form(self, column: str) -> list[str]:
        return sorted(parse_scope(column))

    def comparable(self, value: str | Iterable[str]) -> list[str]:
        return sorted(parse_scope(value) if isinstance(value, str) else value)


class KeySet(Kind):
    """A JSON Web Key Set (:rfc:`7517`), kept as text; empty for none."""

    json = dict
    json_name = "an object with a list of keys"

    def from_json(self, value: Any) -> str:
        """Returns the value. Raises ``ValueError`` with what it should be."""
        return dumps(super().from_json(value))

    def clean(self, value: str) -> str:
        return tidy_jwks(value)

    def comparable(self, value: str) -> str:
        return tidy_jwks(value)


class Flag(Kind):
    """Yes or no."""

    json = bool
    json_name = "true or false"


class OneOfList(Kind):
    """Yes or no, which JSON says by naming ``word`` in a list, or not."""

    json = list
    json_name = "a list of strings"

    def __init__(self, word: str):
        self._word = word

    def from_json(self, value: Any) -> bool:
        """Returns the value. Raises ``ValueError`` with what it should be."""
        return self._word in super().from_json(value)


class Seconds(Kind):
    """A number of seconds, or None for the server's own."""

    json = int
    json_name = "a whole number of seconds"

    def from_words(self, words: str) -> int | None:
        """Returns the value of what was typed. Raises ``ValueError`` with a sentence."""
        if words == SERVERS_OWN:
            return None
        if not _WHOLE_NUMBER.fullmatch(words):
            raise ValueError(_("A lifetime is a whole number of seconds, or “%(own)s”.", own=SERVERS_OWN))
        return int(words)


class Named(Kind):
    """A value that JSON calls by another name: ``names`` has the value of each."""

    def __init__(self, names: Mapping[str, Any]):
        self._names = names
        self.json_name = " or ".join(f"'{name}'" for name in names)

    def from_json(self, value: Any) -> Any:
        """Returns the value. Raises ``ValueError`` with what it should be."""
        if not isinstance(value, str) or value not in self._names:
            raise ValueError(self.json_name)
        return self._names[value]


def with_plain_lines(value: str) -> str:
    """Returns text without surrounding space, with the line breaks of forms as plain ones."""
    return value.strip().replace("\r\n", "\n")
