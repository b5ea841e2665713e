"""Which statements are sent to the database: SQLAlchemy's own, and those of :mod:`app.database.connections`; how SQLite plans them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import event

from app.database.connections import Connection
from app.extensions import db


@contextmanager
def noted_statements(app: Flask) -> Iterator[list[tuple[str, str]]]:
    """Gives the list of what is asked in a ``with`` block, in order: each statement, and the values it is given."""
    noted: list[tuple[str, str]] = []
    run = Connection._run

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_more: Any) -> None:
        noted.append((statement, str(values)))

    def note_own(self: Connection, compiled: Any, values: Any) -> Any:
        noted.append((compiled.sql, str(values)))
        return run(self, compiled, values)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    Connection._run = note_own  # type: ignore[method-assign]
    try:
        yield noted
    finally:
        Connection._run = run  # type: ignore[method-assign]
        event.remove(engine, "before_cursor_execute", note)


def find_plan(app: Flask, statement: str) -> list[str]:
    """Returns the steps in which SQLite would answer a statement, whatever its values are."""
    with app.app_context(), closing(db.engine.raw_connection()) as connection:
        values = (None,) * statement.count("?")
        return [row[3] for row in connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", values)]


def takes_all(plan: list[str]) -> bool:
    """Whether such a plan reads a table from its beginning, or sorts all that it finds."""
    return any(step.startswith("SCAN ") or step.endswith(" FOR ORDER BY") for step in plan)
