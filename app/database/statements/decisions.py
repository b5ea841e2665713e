"""Writes of which the first decides: whoever it changes a row for adds the others, and nobody else does.

On PostgreSQL a decision is one statement, one round trip and one transaction of its own:

    WITH decided AS (UPDATE … RETURNING …), added AS (INSERT … SELECT … FROM decided) SELECT … FROM decided

Two that meet want the same row. The second waits for the first, and then looks at the row as it has become (PostgreSQL's
manual, "Read Committed Isolation Level"): the UPDATE changes nothing, RETURNING returns nothing, and nothing is added.

A decision may also find by itself what it is about. Then one more SELECT stands before it, which holds what it finds:

    WITH found AS (SELECT … FOR KEY SHARE), decided AS (UPDATE … FROM found WHERE … RETURNING found.…), added AS …

On SQLite it is the shortest transaction that does the same, with all values made before it begins.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    Column,
    Delete,
    Dialect,
    Insert,
    Select,
    Update,
    bindparam,
    insert,
    select,
)
from sqlalchemy.orm import DeclarativeBase

from app.database.statements import Compiled


class Added(NamedTuple):
    """A row that is added by what is decided: of each column, the name of its value.

    A value that has the name of a column that the decision returns is that column; the others are given.
    """

    model: type[DeclarativeBase]
    values: Mapping[str, str]


class Step(NamedTuple):
    """A statement that adds a row, once it is decided."""

    compiled: Compiled
    #: Whether it takes a value from what was decided, so that it cannot be made ready before.
    waits: bool


class Steps(NamedTuple):
    """The statements of a decision, in their order."""

    #: Of each a row is demanded, or nothing stands. That of the first is what is returned.
    demanded: Sequence[Compiled]
    added: Sequence[Step]


class Decision:
    """An INSERT, UPDATE or DELETE of at most one row, of which it returns something, and the rows that are added with it."""

    __slots__ = ("_added", "_compiled", "_decides", "_finds", "_returned")

    def __init__(self, decides: Insert | Update | Delete, *added: Added, finds: Select[Any] | None = None) -> None:
        """``decides`` says by ``returning`` what it returns: a column at least.

        Where ``finds`` is given, that finds a row at most, and nothing is decided without one. What it found is then
        what is returned; its first column is never NULL.
        """
        self._decides = decides
        self._finds = finds
        self._returned = frozenset((decides if finds is None else finds).exported_columns.keys())
        self._added = added
        self._compiled: dict[str, Steps] = {}

    def compiled_for(self, dialect: Dialect) -> Steps:
        """Returns the statements as this dialect runs them: the whole in one on PostgreSQL, each for itself on SQLite."""
        steps = self._compiled.get(dialect.name)
        if steps is None:
            write = self._write_each if dialect.name == "sqlite" else self._write_whole
            steps = self._compiled[dialect.name] = write(dialect)
        return steps

    def _write_whole(self, dialect: Dialect) -> Steps:
        decides: Any = self._decides
        if self._finds is None:
            decided = decides.cte("decided")
            told = decided.c.keys()
        else:
            found = self._finds.cte("found")
            # What is found has no NULL first. To ask for that is what brings it in.
            decided = decides.where(found.c[0].is_not(None)).returning(*found.c).cte("decided")
            told = found.c.keys()
        added = []
        for number, (model, values) in enumerate(self._added):
            columns = _columns_of(model, values)
            chosen = [decided.c[name] if name in told else _bind(name, columns[its]) for its, name in values.items()]
            names = [columns[its].name for its in values]
            insertion = insert(model).from_select(names, select(*chosen).select_from(decided), include_defaults=False)
            added.append(insertion.cte(f"added_{number}"))
        whole = select(*[decided.c[name] for name in told]).add_cte(*added)
        return Steps([Compiled(whole, None, dialect)], ())

    def _write_each(self, dialect: Dialect) -> Steps:
        # SQLAlchemy remembers which columns a statement returns, and would not see those that PostgreSQL's has more: so
        # it is told of a copy.
        decides = self._decides.execution_options()
        demanded = [decides] if self._finds is None else [self._finds, decides]
        added = []
        for model, values in self._added:
            columns = _columns_of(model, values)
            insertion = insert(model).values({columns[its]: _bind(name, columns[its]) for its, name in values.items()})
            added.append(Step(Compiled(insertion, None, dialect), not self._returned.isdisjoint(values.values())))
        return Steps([Compiled(statement, None, dialect) for statement in demanded], added)


def _columns_of(model: type[DeclarativeBase], values: Mapping[str, str]) -> dict[str, Column[Any]]:
    return {name: model.__mapper__.columns[name] for name in values}


def _bind(name: str, column: Column[Any]) -> BindParameter[Any]:
    return bindparam(name, type_=column.type)
