"""Core statements of the hot path, compiled once a dialect, and their records, checked by name."""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct
from sqlalchemy import Column, ColumnElement, Dialect, Executable, Label

from app.database.statements.wire import find_wire

_Reader = Callable[[Any], Any]
_Writer = Callable[[Any], Any]


class MismatchedRecord(TypeError):
    """The columns of a statement are not the fields of the record that its rows are read into."""


class Pair(NamedTuple):
    """Two records of one row: the second has what is left of its columns, and is None where their first is."""

    first: type[Any]
    second: type[Any]
    #: How many columns the first has.
    width: int


class Statement:
    """A Core statement, compiled once a dialect and then run on the driver's own cursor.

    SQLAlchemy renders the SQL and converts the values; what is left out is its execution
    machinery, which costs more than the query itself on a primary-key lookup. Values are
    given by the names of the statement's ``bindparam``s, all of them or it is a KeyError;
    "in" lists do not expand here.
    """

    __slots__ = ("_compiled", "_row", "_statement")

    def __init__(self, statement: Executable, row: type[Any] | Pair | None = None) -> None:
        """``row`` is a Struct whose fields are the columns, in order; without it a row is a named tuple."""
        self._statement = statement
        self._row = row
        self._compiled: dict[str, Compiled] = {}

    def compiled_for(self, dialect: Dialect) -> "Compiled":
        """Returns the statement as this dialect runs it.

        Raises :class:`MismatchedRecord`, the first time, when its columns are not its record's fields.
        """
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = Compiled(self._statement, self._row, dialect)
        return compiled


class Compiled:
    """What a driver is given, and how its values are written and read."""

    __slots__ = ("_given", "_readers", "_ready", "_row", "sql", "wire", "writes")

    def __init__(self, statement: Executable, row: type[Any] | Pair | None, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        self.sql = str(compiled)
        #: Whether it may change rows, as an INSERT does that returns what it inserted.
        self.writes = not self.sql.lstrip().startswith("SELECT")
        binds = {name: bind for bind, name in compiled.bind_names.items()}
        names = compiled.positiontup if compiled.positional else list(binds)
        types = {name: bind.type.dialect_impl(dialect) for name, bind in binds.items()}
        #: As PostgreSQL's protocol takes it; None on SQLite, and where values need the driver's own conversion.
        self.wire = None if compiled.positional else find_wire(self.sql, types, dialect)
        writers: Sequence[tuple[str, _Writer | None]] = (
            [(name, types[name].bind_processor(dialect)) for name in names] if self.wire is None else self.wire.writers
        )
        is_list = compiled.positional or self.wire is not None
        places: Iterable[tuple[Any, tuple[str, _Writer | None]]] = (
            enumerate(writers) if is_list else [(writer[0], writer) for writer in writers]
        )
        # What the statement itself says, such as the values of a "case", is written once. The rest must be given: a
        # value that was forgotten would be NULL, which finds nothing and says nothing.
        self._ready: Any = [None] * len(writers) if is_list else {}
        self._given: list[tuple[Any, str, _Writer | None]] = []
        for place, (name, write) in places:
            if binds[name].required:
                self._given.append((place, name, write))
            else:
                value = compiled.params[name]
                self._ready[place] = write(value) if write else value
        columns = _columns_of(statement)
        self._row = _make_row(row, columns)
        self._readers: list[tuple[int, _Reader]] = [
            (index, reader)
            for index, (_, column) in enumerate(columns)
            if (reader := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        ]

    def bind(self, values: Mapping[str, Any]) -> list[Any] | dict[str, Any]:
        """Returns what the driver takes beside the SQL. Raises ``KeyError`` for a value that was forgotten."""
        written: list[Any] | dict[str, Any] = self._ready.copy()
        for place, name, write in self._given:
            written[place] = write(values[name]) if write else values[name]
        return written

    def read(self, row: Sequence[Any]) -> Any:
        """Returns the driver's row as a record."""
        if self._readers:
            row = values = list(row)
            for index, reader in self._readers:
                # NULL is None for every type; most columns with a reader are points in time that have not come.
                if values[index] is not None:
                    values[index] = reader(values[index])
        return self._row(*row)


def _make_row(row: type[Any] | Pair | None, columns: Sequence[tuple[str, ColumnElement[Any]]]) -> Callable[..., Any]:
    if row is None:
        return namedtuple("Row", [name for name, _ in columns])
    if not isinstance(row, Pair):
        check_record(row, columns)
        return row
    first, second, width = row
    check_record(first, columns[:width])
    # A column that both have is numbered in the whole, and not in the SELECT that it comes from.
    check_record(second, [(str(getattr(column, "name", name)), column) for name, column in columns[width:]])

    def make(*values: Any) -> tuple[Any, Any]:
        return first(*values[:width]), None if values[width] is None else second(*values[width:])

    return make


def _columns_of(statement: Executable) -> list[tuple[str, ColumnElement[Any]]]:
    # A SELECT has the first, a statement with RETURNING the second.
    columns = getattr(statement, "selected_columns", None) or getattr(statement, "exported_columns", None)
    return [] if columns is None else list(columns.items())


def check_record(record: type[Any], columns: Sequence[tuple[str, ColumnElement[Any]]]) -> None:
    """Compare a record. Raises :class:`MismatchedRecord` unless these columns, in order, are the fields of the Struct.

    A row's values are given to a record by their place, so two points in time that changed places would say nothing.
    Fields with a default may be left out at the end. A column that has another name in the record says so by a label
    that ends with its own: ``consent_paused_at`` for ``paused_at``.
    """
    if not issubclass(record, Struct):
        raise MismatchedRecord(f"{record.__name__} is no Struct, so no column can be compared with its fields.")
    wanted = record.__struct_fields__
    for place, (name, column) in enumerate(columns):
        field = wanted[place] if place < len(wanted) else "no field"
        if name != field:
            raise MismatchedRecord(f"Column {place + 1} is {name}, and {record.__name__} has {field} in its place.")
        if isinstance(column, Label) and isinstance(column.element, Column) and not _is_told_by(name, column.element):
            raise MismatchedRecord(
                f"{name} of {record.__name__} is filled by {column.element}, which is called otherwise."
            )
    required = len(wanted) - len(record.__struct_defaults__)
    missing = wanted[len(columns) : required]
    if missing:
        raise MismatchedRecord(f"No column fills {', '.join(missing)} of {record.__name__}.")


def _is_told_by(label: str, column: Column[Any]) -> bool:
    return label == column.name or label.endswith(f"_{column.name}")
