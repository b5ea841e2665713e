"""Two acts that meet between two statements, on purpose: no race has to be lost by chance to be seen."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread, get_ident
from typing import Any, NamedTuple
from unittest.mock import patch

from flask import Flask
from sqlalchemy import event

from app.database.connections import Connection
from app.database.statements import Compiled
from app.extensions import db
from tests.robustness.locking import administrator, wait_until

_TIMEOUT_SECONDS = 30
#: So long a second writer of SQLite is given to come as far as it can.
_HELD_SECONDS = 0.25


class Met(NamedTuple):
    """What each of the two returned, and whether the second had to wait for the first."""

    first: Any
    second: Any
    second_waited: bool


def meet(app: Flask, first: Callable[[], Any], second: Callable[[], Any], *, after: str) -> Met:
    """Let ``second`` go as far as it can just after ``first`` has executed a statement with ``after`` in it."""
    reached, go_on = Event(), Event()
    pausing = _Act(first)

    def pause(sql: str) -> None:
        if get_ident() == pausing.thread.ident and not reached.is_set() and re.search(after, sql):
            reached.set()
            assert go_on.wait(_TIMEOUT_SECONDS), "Nobody let the first go on."

    with _told_of_statements(app, pause):
        pausing.thread.start()
        try:
            _wait_for(lambda: reached.is_set() or not pausing.thread.is_alive())
            assert reached.is_set(), f"The first came by no statement with {after!r}: {pausing.outcome()}"
            other = _Act(second)
            other.thread.start()
            waited = _is_waiting(app, other)
        finally:
            go_on.set()
        return Met(pausing.outcome(), other.outcome(), waited)


class _Act:
    def __init__(self, act: Callable[[], Any]):
        self._act = act
        self._result: Any = None
        self._error: BaseException | None = None
        self.thread = Thread(target=self._run, daemon=True)

    def outcome(self) -> Any:
        self.thread.join(_TIMEOUT_SECONDS)
        assert not self.thread.is_alive(), "It hangs."
        if self._error is not None:
            raise self._error
        return self._result

    def _run(self) -> None:
        try:
            self._result = self._act()
        except BaseException as error:
            self._error = error


def _is_waiting(app: Flask, act: _Act) -> bool:
    """Wait until the act is over, or waits for another's lock. Returns which."""
    with app.app_context():
        dialect = db.engine.dialect.name
    if dialect == "sqlite":
        act.thread.join(_HELD_SECONDS)
        return act.thread.is_alive()
    with administrator(app) as connection:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        found = False

        def is_so() -> bool:
            nonlocal found
            found = connection.execute(waiting).fetchone()[0] > 0
            return found or not act.thread.is_alive()

        wait_until(is_so)
        return found


def _wait_for(is_so: Callable[[], bool]) -> None:
    pause, waited = Event(), 0.0
    while not is_so():
        assert waited < _TIMEOUT_SECONDS, "It did not happen."
        pause.wait(0.005)
        waited += 0.005


@contextmanager
def _told_of_statements(app: Flask, tell: Callable[[str], None]) -> Iterator[None]:
    """Have ``tell`` called in the thread that has just executed a statement, by whichever door."""
    execute = Connection._execute

    def execute_and_tell(self: Connection, compiled: Compiled, values: Any) -> Any:
        answer = execute(self, compiled, values)
        tell(compiled.sql)
        return answer

    def after_cursor_execute(_connection, _cursor, sql, *_rest) -> None:
        tell(sql)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "after_cursor_execute", after_cursor_execute)
    try:
        with patch.object(Connection, "_execute", execute_and_tell):
            yield
    finally:
        event.remove(engine, "after_cursor_execute", after_cursor_execute)


def within(app, act):
    """An act in an application context of its own that commits what it did, and returns its name for an error."""

    def run():
        with app.app_context():
            try:
                result = act()
                db.session.commit()
                return result
            except Exception as error:
                db.session.rollback()
                return type(error)

    return run
