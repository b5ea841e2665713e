"""Whether all the words of one text are among those of another, in a statement. A word ends at a space."""

from typing import Any

from sqlalchemy import Boolean
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

#: Under this name SQLite has :func:`lies_within`.
SQLITE_NAME = "lies_within"


def lies_within(words: str, bound: str) -> bool:
    """Returns whether each of the words is one of ``bound``. An empty text has none."""
    return words == bound or not words or (bound != "" and set(words.split(" ")) <= set(bound.split(" ")))


class LiesWithin(GenericFunction[bool]):
    """The same of two texts in a statement."""

    type = Boolean()
    name = SQLITE_NAME
    inherit_cache = True


@compiles(LiesWithin, "postgresql")
def _postgresql(element: LiesWithin, compiler: Any, **how: Any) -> str:
    words, bound = (compiler.process(text, **how) for text in element.clauses)
    return f"(string_to_array({words}, ' ') <@ string_to_array({bound}, ' '))"
