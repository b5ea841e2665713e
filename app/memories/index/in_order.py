"""A join that SQLite makes in the order in which it is written."""

from typing import Any

from sqlalchemy import Join
from sqlalchemy.ext.compiler import compiles


class InOrder(Join):
    """A join in which SQLite looks up the right side for what it finds on the left, and never the other way round.

    It knows little of how many rows there are, and would go through all memories of a person to find fifty by their ids.
    PostgreSQL counts, and joins as it likes.
    """

    inherit_cache = True


@compiles(InOrder)
def _join(join: InOrder, compiler: Any, **how: Any) -> str:
    joined: str = compiler.visit_join(join, **how)
    return joined


@compiles(InOrder, "sqlite")
def _join_in_order(join: InOrder, compiler: Any, **how: Any) -> str:
    left, right = (compiler.process(side, **{**how, "asfrom": True}) for side in (join.left, join.right))
    return f"{left} CROSS JOIN {right} ON {compiler.process(join.onclause, **{**how, 'asfrom': False})}"
