"""Writes of which the first decides: whoever it changes a row for adds the others, and nobody else does.

On PostgreSQL a decision is one statement, one round trip and one transaction of its own:

    WITH decided AS (UPDATE … RETURNING …), added AS (INSERT … SELECT … FROM decided) SELECT … FROM decided

Two that meet want the same row. The second waits for the first, and then looks at the row as it has become (PostgreSQL's
manual, "Read Committed Isolation Level"): the UPDATE changes nothing, RETURNING returns nothing, and nothing is added.

On SQLite it is the shortest transaction that does the same, with all values made before it begins.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Column, Delete, Dialect, Executable, Insert, Update, bindparam, insert, select
from sqlalchemy.orm import DeclarativeBase

from app.database.statements import Compiled


class Added(NamedTuple):
    """A row that is added by what is decided: of each column, the name of its value.

    A value that has the name of a column that the decision returns is that column; the others are given.
    """

    model: type[DeclarativeBase]
    values: Mapping[str, str]


class Step(NamedTuple):
    """One statement of a decision."""

    compiled: Compiled
    #: Whether it takes a value from what was decided, so that it cannot be made ready before.
    waits: bool


class Decision:
    """An INSERT, UPDATE or DELETE of at most one row, of which it returns something, and the rows that are added with it."""

    __slots__ = ("_added", "_compiled", "_decides", "_returned")

    def __init__(self, decides: Insert | Update | Delete, *added: Added) -> None:
        """``decides`` says by ``returning`` what it returns: a column at least."""
        self._decides = decides
        self._returned = frozenset(decides.exported_columns.keys())
        self._added = added
        self._compiled: dict[str, list[Step]] = {}

    def compiled_for(self, dialect: Dialect) -> list[Step]:
        """Returns the statements as this dialect runs them: the whole in one on PostgreSQL, each for itself on SQLite.

        The first returns what was decided.
        """
        steps = self._compiled.get(dialect.name)
        if steps is None:
            each = self._write_each() if dialect.name == "sqlite" else [(self._write_whole(), False)]
            steps = self._compiled[dialect.name] = [
                Step(Compiled(statement, None, dialect), waits) for statement, waits in each
            ]
        return steps

    def _write_whole(self) -> Executable:
        decided: Any = self._decides.cte("decided")
        added = []
        for number, (model, values) in enumerate(self._added):
            columns = _columns_of(model, values)
            chosen = [
                decided.c[name] if name in decided.c else _bind(name, columns[its]) for its, name in values.items()
            ]
            names = [columns[its].name for its in values]
            insertion = insert(model).from_select(names, select(*chosen).select_from(decided), include_defaults=False)
            added.append(insertion.cte(f"added_{number}"))
        return select(*decided.c).add_cte(*added)

    def _write_each(self) -> Iterator[tuple[Executable, bool]]:
        yield self._decides, False
        for model, values in self._added:
            columns = _columns_of(model, values)
            given = {columns[its]: _bind(name, columns[its]) for its, name in values.items()}
            yield insert(model).values(given), not self._returned.isdisjoint(values.values())


def _columns_of(model: type[DeclarativeBase], values: Mapping[str, str]) -> dict[str, Column[Any]]:
    return {name: model.__mapper__.columns[name] for name in values}


def _bind(name: str, column: Column[Any]) -> BindParameter[Any]:
    return bindparam(name, type_=column.type)
