"""The connection that several use at once, and what each of them takes for a connection of its own."""

from typing import Any

from sqlalchemy import Engine

from app.database.connections import Connection, connect
from app.database.side_by_side.aside import find_others, step_aside
from app.database.statements import Compiled


class CannotShare(Exception):
    """What holds for our connections alone cannot be said here: a pooler lends each session to others too."""


class SharedConnection(Connection):
    """A driver connection on which the statements of several run one after the other, and none waits long for a lock."""

    __slots__ = ()

    def __init__(self, engine: Engine, idle: list[Any]) -> None:
        """Raises :class:`CannotShare`."""
        super().__init__(engine, idle)
        try:
            if not self._driver.wait_for_no_lock():
                raise CannotShare
        except BaseException:
            # Nobody else may find it so in the pool.
            self._pooled.invalidate()
            raise

    def __exit__(self, kind: type[BaseException] | None, *exc_info: object) -> None:
        self._is_broken = self._is_broken or kind is not None
        super().__exit__(kind, *exc_info)

    def ask_all(self, questions: Any) -> None:
        """Ask them all, and give each what is its own. Raises where the connection is lost, :class:`CannotShare` too."""
        if self._driver.pooling.is_noticed:
            raise CannotShare
        self._driver.run_all(questions)


class ConnectionBeside(Connection):
    """One of several on a shared connection, until it needs one of its own."""

    __slots__ = ("_engine", "_own")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._dialect = engine.dialect
        self._own: Connection | None = None
        self._is_broken = False
        self._open_cursor = None
        self._afterwards = None

    def __exit__(self, kind: type[BaseException] | None, *exc_info: object) -> None:
        if (own := self._own) is not None:
            own._is_broken, own._open_cursor = self._is_broken, self._open_cursor
            own.__exit__(kind, *exc_info)

    @property
    def _driver(self) -> Any:
        if self._own is None:
            step_aside()
            self._own = connect(self._engine)
        return self._own._driver

    def _run(self, compiled: Compiled, values: Any) -> Any:
        others = find_others()
        if others is not None and self._own is None and compiled.wire is not None:
            answer = others.ask(compiled.wire, values, writes=compiled.writes)
            if answer is not None:
                return answer
        return super()._run(compiled, values)


def connect_beside(engine: Engine) -> Connection:
    """Returns what :func:`connect` does, for whoever may be one of several."""
    return connect(engine) if find_others() is None else ConnectionBeside(engine)
