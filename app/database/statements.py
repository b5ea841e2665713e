"""Core statements of the hot path, compiled once a dialect."""

from collections import namedtuple
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Dialect, Executable


class Statement:
    """A Core statement, compiled once a dialect and then run on the driver's own cursor.

    SQLAlchemy renders the SQL and converts the values; what is left out is its execution
    machinery, which costs more than the query itself on a primary-key lookup. Values are
    given by the names of the statement's ``bindparam``s, all of them or it is a KeyError;
    "in" lists do not expand here.
    """

    __slots__ = ("_compiled", "_row", "_statement")

    def __init__(self, statement: Executable, row: Callable[..., Any] | None = None):
        """``row`` is called with a row's values in order; without it a row is a named tuple."""
        self._statement = statement
        self._row = row
        self._compiled: dict[str, _Compiled] = {}

    def compiled_for(self, dialect: Dialect) -> "_Compiled":
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _Compiled(self._statement, self._row, dialect)
        return compiled


class _Compiled:
    __slots__ = ("_binds", "_defaults", "_positional", "_readers", "_row", "sql")

    def __init__(self, statement: Executable, row: Callable[..., Any] | None, dialect: Dialect):
        compiled = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self._positional = bool(compiled.positional)
        named = {name: bind for bind, name in compiled.bind_names.items()}
        binds = [(name, named[name]) for name in (compiled.positiontup if self._positional else named)]
        # What the statement itself says, such as the values of a "case". The rest must be given: a value
        # that was forgotten would be NULL, which finds nothing and says nothing.
        self._defaults = {name: compiled.params[name] for name, bind in binds if not bind.required}
        self._binds = [(name, bind.type.dialect_impl(dialect).bind_processor(dialect)) for name, bind in binds]
        columns = list(getattr(statement, "selected_columns", None) or getattr(statement, "exported_columns", ()))
        self._row = row or namedtuple("Row", [column.key for column in columns])
        self._readers = [
            (index, reader)
            for index, column in enumerate(columns)
            if (reader := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        ]

    def bind(self, values: Mapping[str, Any]):
        if self._defaults:
            values = self._defaults | values
        if self._positional:
            return [process(values[name]) if process else values[name] for name, process in self._binds]
        return {name: process(values[name]) if process else values[name] for name, process in self._binds}

    def read(self, values):
        if self._readers:
            values = list(values)
            for index, reader in self._readers:
                # NULL is None for every type; most columns with a reader are points in time that have not come.
                if values[index] is not None:
                    values[index] = reader(values[index])
        return self._row(*values)
