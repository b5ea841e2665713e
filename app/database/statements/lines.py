"""The rows of a SELECT as one text in another, a line end before each."""

from typing import Any

from sqlalchemy import Select, Text, func, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

#: A line end, as SQL.
NEW_LINE: Any = literal_column("'\n'")


class Lines(GenericFunction[str]):
    """What a correlated SELECT of one column of text finds. Where it finds nothing, there may be one empty line."""

    type = Text()
    name = "lines"
    inherit_cache = True

    def __init__(self, found: Select[tuple[str]]) -> None:
        (column,) = found.selected_columns
        together = found.with_only_columns(NEW_LINE.concat(func.aggregate_strings(column, NEW_LINE)))
        super().__init__(found.scalar_subquery(), together.scalar_subquery())


@compiles(Lines)
def _put_together(element: Lines, compiler: Any, **how: Any) -> str:
    _, together = element.clauses
    return f"coalesce({compiler.process(together, **how)}, '')"


@compiles(Lines, "postgresql")
def _as_array(element: Lines, compiler: Any, **how: Any) -> str:
    # To begin an aggregate costs more than to read what it is made of.
    found, _ = element.clauses
    return f"(E'\\n' || array_to_string(ARRAY{compiler.process(found, **how)}, E'\\n'))"
